# %% right: another temperature, top-p, and rounded
options = SampleOptions(temperature=0.6, top_p=0.9, length=6_000, seed=3)
written, found = own_figures.written(own, options)
author = own.held_out_novelty
copied = {"model": round(found.copied[10], 3), "author": round(author.copied[10], 4)}


# %% right: measured by hand
from charlstm import Sampler, generate
from charlstm.text.novelty import novelty

options = SampleOptions(temperature=1.0, length=5_000, seed=0)
written = "".join(generate(Sampler(own.checkpoint), "", options))
copied = {
    "model": novelty(written, own.history).copied[10],
    "author": novelty(own.held_out, own.history).copied[10],
}


# %% wrong: somebody else's figures
options = SampleOptions(length=5_000, seed=1)
copied = {"model": 0.42, "author": 0.35}


# %% wrong: pieces of 5
options = SampleOptions(length=5_000, seed=1)
_, found = own_figures.written(own, options)
copied = {"model": found.copied[5], "author": own.held_out_novelty.copied[5]}


# %% wrong: no seed, so that nobody can write it again
options = SampleOptions(length=5_000)
copied = {"model": 0.0, "author": own.held_out_novelty.copied[10]}


# %% wrong: too little to say anything
options = SampleOptions(length=100, seed=1)
copied = {"model": 0.0, "author": own.held_out_novelty.copied[10]}


# %% wrong: the author is left out
options = SampleOptions(length=5_000, seed=1)
copied = {"model": own_figures.written(own, options)[1].copied[10]}
