# %% right: typed in, with three digits
measured = own_figures.bits(own)
reported = {"model": float(f"{measured.model:.4g}"), "5-gram": float(f"{measured.ngram:.4g}")}


# %% right: measured by hand
import charlstm
from charlstm.text.baselines import ngram_bits

ids, before = own.held_out_ids, own.history_ids
known = own.checkpoint.vocabulary
model = charlstm.CharModel.from_checkpoint(own.checkpoint)
both = np.concatenate([before, ids])
reported = {
    "model": charlstm.score_carried(model, ids).bits_per_char,
    "5-gram": ngram_bits(both, len(known), len(before)) / len(ids),
}


# %% wrong: somebody else's figures
reported = {"model": 1.946, "5-gram": 2.091}


# %% wrong: better figures than were measured
measured = own_figures.bits(own)
reported = {"model": measured.model - 0.2, "5-gram": measured.ngram}


# %% wrong: nats
measured = own_figures.bits(own)
reported = {"model": measured.model * np.log(2), "5-gram": measured.ngram * np.log(2)}


# %% wrong: the other way round
measured = own_figures.bits(own)
reported = {"model": measured.ngram, "5-gram": measured.model}


# %% wrong: a 5-gram that has read nothing before
from charlstm.text.baselines import ngram_bits

measured = own_figures.bits(own)
ids = own.held_out_ids
alone = ngram_bits(ids, len(own.checkpoint.vocabulary)) / len(ids)
reported = {"model": measured.model, "5-gram": alone}


# %% wrong: measured on the text that the model was trained on
import charlstm

measured = own_figures.bits(own)
model = charlstm.CharModel.from_checkpoint(own.checkpoint)
read = charlstm.score_carried(model, own.history_ids[:300]).bits_per_char
reported = {"model": read, "5-gram": measured.ngram}


# %% wrong: a model that the 5-gram beats
import dataclasses
from pathlib import Path

import charlstm

model = charlstm.CharModel(own.checkpoint.options, len(own.checkpoint.vocabulary), seed=5)
dataclasses.replace(own.checkpoint, weights=model.to_arrays()).save(Path("model.safetensors"))
measured = own_figures.bits(OwnModel())
reported = {"model": measured.model, "5-gram": measured.ngram}
