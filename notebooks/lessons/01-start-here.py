# %% [markdown]
# # 1. Start here: a machine that writes one letter at a time
#
# *What it shows: a text in ten seconds; what a character model is; temperature; surprise.*
#
# Afterwards you can
#
# - say what a character model is, and let one write;
# - choose a temperature;
# - say how good a model is, in nats or bits per character.
#
# *Know before: some Python. Takes 18 minutes to read, without solving the exercises, and 1 minute
# to run.*
#
# Run the first two code cells. Within seconds a small neural network writes Shakespeare for you, or
# at least something that is spelled like Shakespeare. At the end of this lesson you will know how
# the network chooses each letter, and what the setting called *temperature* changes.
#
# ![A scene in coloured letters. The colour shows what one unit of the network holds: it changes
# along each line and starts again in the next](01-start-here.png)
#
# The colours show what one part of the network, a *unit*, holds after each letter. (Where it is
# below 0, the letter is underlined, too.) It follows the place in the line. Nobody told the network
# what a line is. You make this picture below.
#
# **Before you run anything, guess:** the model has read most of a selection of Shakespeare's plays,
# one letter after the other, and nothing else. Nobody taught it what a word is. How many of the
# words that it writes will be English: half of them, nine in ten, or nearly all?

# %%
# %matplotlib inline
import os
import time

import numpy as np
import torch

from charlstm import Checkpoint, SampleOptions, Sampler, find_model, generate
from charlstm.notebook import text_plots

torch.set_num_threads(1)
FAST = bool(os.environ.get("CHARLSTM_FAST"))  # fewer letters, for a quick test of this notebook
LETTERS = 2_000 if FAST else 10_000

# %% [markdown]
# ## A text in ten seconds
#
# `generate` is a Python generator: it gives one character, remembers where it is, and waits until
# you ask for the next one. It continues a given text, here a line with a name. It does not give
# that line back, so we print it ourselves. The seed makes the text the same each time. Did it take
# ten seconds? The clock at the end shows it.

# %%
began = time.perf_counter()
checkpoint = Checkpoint.load(find_model("tinyshakespeare"))
sampler = Sampler(checkpoint)
options = SampleOptions(temperature=0.8, length=400, seed=1)
print("ROMEO:")
for character in generate(sampler, "ROMEO:\n", options):
    print(character, end="")
print(f"\n\nloaded and written in {time.perf_counter() - began:.1f} s")

# %% [markdown]
# ## A unit that counts
#
# A network is made of units. Each unit holds a few numbers, which change with every letter that the
# network reads. Most of them mean nothing to us. Does any unit know *where in the line* we are?
#
# We let the network read plays that came with this package, and look for the number that follows
# the position in the line best: the one with the largest *correlation* (1 or -1: perfectly; 0: not
# at all). Among so many numbers some fit by chance. So the first half of the text chooses the unit,
# and the second half tests it. And we search an *untrained* network, too: the same network, before
# it has learned anything.

# %%
from charlstm import read_corpus
from charlstm.insight import activations, features, neurons

known = checkpoint.vocabulary.characters
plays = "".join(letter for letter in read_corpus(["plays"]).text if letter in known)
part = plays[: 3_200 if FAST else 6_400]
place = {"line": features.line_position(part)}
unit = neurons.search(checkpoint, part, place)["line"]
control = neurons.search(neurons.untrained(checkpoint), part, place)["line"]
print(f"trained:   {unit} has the correlation {unit.tested:+.2f} in the second half")
print(f"untrained: {control} has {control.tested:+.2f}")

# %% [markdown]
# Some part of an untrained network follows the line, too, because the line end has just gone
# through it. But it is far from counting. Here is the trained unit, on a scene that had no part in
# the search:

# %% tags=["cover"] alt="a scene in coloured letters: a unit's colour changes along each line and starts again in the next"
lines = plays[len(part) :].splitlines(keepends=True)
before, scene = "".join(lines[:13]), "".join(lines[13:28])
held = activations.record(checkpoint, before + scene)[unit.layer][unit.name][len(before) :]
text_plots.unit(scene, held[:, unit.unit], unit.layer, unit.name, unit.unit)

# %% [markdown]
# What are c and the layers? [Lesson 5](05-the-lstm-gate-by-gate.ipynb) opens the network. There
# you look for a unit of your own.
#
# ## Is everything there?
#
# Does your computer have everything that the lessons need? The next cell stops with an error if a
# part is missing. (Its code is folded, like all code that only checks something. In JupyterLab,
# click the three dots to open it.)

# %% jupyter={"source_hidden": true}
# Folded: the versions of what the lessons need
import platform
from importlib.metadata import version

from charlstm.machine.cpus import usable_cpus

for name in ("torch", "matplotlib", "ipywidgets", "jupyterlab"):
    print(f"{name} {version(name)}")  # an error here: install the lessons extra
print(f"ready: Python {platform.python_version()}, CPUs: {usable_cpus()}")

# %% [markdown]
# ## How many words are real?
#
# Now we check your guess. We let the model write more, and look up each of its words in the tales
# and plays that come with this package. The tales and plays are modern, so they may not contain
# every real word. One percentage alone says little. We compare it with two others: the percentage
# for the package's own verse, which is ordinary English, and the percentage for the model's own
# letters in random order.

# %%
from charlstm.notebook.lines import wrapped
from charlstm.text.novelty import known_words

written = "".join(generate(sampler, "\n", SampleOptions(temperature=0.8, length=LETTERS, seed=2)))
known = read_corpus(["tales", "plays"]).text
shuffled = "".join(np.random.default_rng(0).permutation(list(written)))
texts = {"real verse": read_corpus(["verse"]).text, "the model": written, "its letters": shuffled}
share = {name: known_words(text, known) for name, text in texts.items()}
for name, value in share.items():
    print(f"{name:12} {value:6.1%} of its words are in the tales and plays")

# %% [markdown]
# Nobody taught the model what a word is, and yet its percentage is much nearer to real verse than
# to its own letters shuffled. Which of its words are missing?

# %%
import re
from collections import Counter

word = re.compile(r"[a-z]+(?:['-][a-z]+)*")
modern = set(word.findall(known.lower()))
missing = Counter(found for found in word.findall(written.lower()) if found not in modern)
often = " ".join(f"{found} ({n})" for found, n in missing.most_common(12))
print(wrapped(f"most often: {often}"))
once = [found for found, n in missing.items() if n == 1]
print(wrapped(f"once: {len(once)} words, among them {' '.join(once[:12])}"))

# %% [markdown]
# Which of these words are English, now or in Shakespeare's time, and which did the model invent? The
# answer to the guess is at least the percentage above. Add the missing words that are English, too:
# those that come most often are English words and names, and you can judge the others one by one.
#
# ## What a character model is
#
# After each letter the model gives a chance (a probability) to every character that it knows. It
# does nothing else. In symbols it is a function that gives $P(x_{t+1} \mid x_1 \ldots x_t)$. (All
# letters stand in [a table at the end](#Symbols).)
#
# **Guess:** what comes after `O, she doth te`? Which letters are possible, and which letter is
# likely?

# %%
before = "ROMEO:\nO, she doth te"
logits, _ = sampler.read(sampler.vocabulary.encode(before))


def softmax(values):
    shares = np.exp(values - values.max())
    return shares / shares.sum()


chances = softmax(logits[-1])
title = f"after {before[7:]!r}: the 15 most likely of {len(chances)}"
text_plots.next_character(sampler.vocabulary.characters, {"": chances}, title)

# %% [markdown]
# The network itself gives numbers of any size, the *logits*. The softmax turns them into chances:
# positive numbers with the sum 1. The first code cell of this section shows both steps. Only the
# network itself is hidden.

# %%
best = int(chances.argmax())
print(f"{len(chances)} characters, sum of their chances {chances.sum():.6f}")
print(f"the most likely is {sampler.vocabulary.characters[best]!r} with {chances[best]:.3f}")

# %% [markdown]
# ## Temperature
#
# If we divide the logits by a number $\tau$ (tau, the *temperature*) before the softmax, the choice
# becomes bolder or more careful. The chance of the character x, with the logit $z_x$, is then
#
# $$P(x) = \frac{e^{z_x / \tau}}{\sum_{y} e^{z_y / \tau}}$$
#
# where y goes through all characters.
#
# **Guess:** what happens to the highest bar for $\tau = 0.5$, and for $\tau = 2$? What would
# $\tau \to 0$ do?

# %% alt="bars: how likely each next character is, at three temperatures"
by_temperature = {f"temperature {tau:g}": softmax(logits[-1] / tau) for tau in (0.5, 1.0, 2.0)}
text_plots.next_character(sampler.vocabulary.characters, by_temperature, title)

# %% [markdown]
# And for very small and very large $\tau$:

# %%
for tau in (0.01, 0.1, 1.0, 10.0, 100.0):
    values = softmax(logits[-1] / tau)
    print(f"temperature {tau:6g}: chances from {values.min():.2g} to {values.max():.4f}")
print(f"one over the number of characters: {1 / len(chances):.4f}")

# %% [markdown]
# As $\tau \to 0$ the most likely character gets all of the chance, and the model always writes the
# same text. As $\tau$ grows, all characters become equally likely. Temperature does not make the
# model cleverer. It changes how often the model chooses unlikely characters. The same model, three
# times:

# %%
for tau in (0.3, 0.8, 1.5):
    text = "".join(generate(sampler, "\n", SampleOptions(temperature=tau, length=150, seed=3)))
    print(f"--- temperature {tau}\n{wrapped(text)}\n")

# %% [markdown]
# The panel below does the same with sliders. (It needs a running kernel. If you read this on a web
# page, you see a picture of it.) Set the sliders first, then press *Write*: a slider that you move
# while the model writes counts only from the next *Write* on. Try 0, and try 2.

# %%
from charlstm.notebook.workers import SamplerPanel

SamplerPanel(prime="ROMEO:", length=20_000)

# %% [markdown]
# ## How surprised is it?
#
# A good model gives a high chance to the character that really comes next. The usual measure is the
# *surprise*, $-\ln P$ of this character: 0 if the model was sure, large if it did not expect it.
# The mean surprise over a text is the loss (cross-entropy) that training makes small, in **nats**
# per character. Divided by $\ln 2$ it is in **bits** per character.

# %%
line = "To be, or not to be, that is the question:\n"
ids = sampler.vocabulary.encode(line)
read, _ = sampler.read(ids)
surprise = np.array([-np.log(softmax(read[t])[ids[t + 1]]) for t in range(len(ids) - 1)])
text_plots.along(line[1:], {"surprise": surprise}, "surprise, nats", repr(line))

# %% [markdown]
# Some peaks stand at the first letters of words, others do not: one of the two highest is in the
# middle of `question`. But one figure is not enough. We count:

# %%
begins = np.array([not line[t].isalpha() and line[t + 1].isalpha() for t in range(len(surprise))])
print(f"{surprise[begins].mean():.2f} nats on the {begins.sum()} first letters of words")
print(f"{surprise[~begins].mean():.2f} nats on all other characters")

# %% [markdown]
# On this line the first letter of a word is harder to predict. There the model must choose a word;
# after that the other letters follow more easily.
#
# **Guess:** suppose a model knows only how many different characters there are. What is its mean
# surprise?

# %%
ignorant = np.log(len(sampler.vocabulary))
print(f"{surprise.mean():.3f} nats a character on this line")
print(f"{ignorant:.3f} nats for a model that knows only that there are {len(chances)} characters")
carried = checkpoint.measured.carried
print(f"{carried.nats:.3f} nats, {carried.bits_per_char:.3f} bits", end=" ")
print("on the last part of that selection, which it has not read")

# %% [markdown]
# ## Symbols
#
# Each letter means the same in all lessons, problem sets and docstrings, in formulas and in code.
# You need none of them yet. Come back to this table when you meet one.
#
# | letter | what it means | in the package |
# | --- | --- | --- |
# | $B$ | number of streams: texts read side by side, the rows of a batch | `batch_size` |
# | $T$ | number of steps (characters) in a window | `window` |
# | $V$ | vocabulary size: number of different characters | `len(vocabulary)` |
# | $E$ | embedding size: how many numbers stand for a character | `embedding_size` |
# | $H$ | hidden size: number of units in a layer | `hidden_size` |
# | $D$ | size of what a layer reads: $V$ (one-hot), $E$, or $H$ of the layer below | |
# | $G$ | number of gates of a cell: 4 in an LSTM | `cell.gates` |
# | $N$ | number of characters in a text | `len(ids)` |
# | $x_t$ | the character at step $t$: its id, one-hot vector or embedding | `inputs` |
# | $h_t$ | state after step $t$ (hidden state), also the output | `state` |
# | $c_t$ | the LSTM's second state (cell state) | `state` |
# | $a_t$ | weighted sum inside a tanh or a sigmoid | |
# | $u_t$ | what the input adds to $a_t$: $W_{ih} x_t + b_{ih}$ | `project(p, inputs)` |
# | $i, f, o$ | gates of the LSTM: input gate, forget gate, output gate | |
# | $g$ | candidate: what the LSTM may write into $c$ | |
# | $W_{ih}$ | matrix from the input to the hidden state, $(G H, D)$ | `weight_ih` |
# | $W_{hh}$ | matrix from the hidden state to the next one, $(G H, H)$ | `weight_hh` |
# | $b$ | bias of $a_t$, the sum of two: $b_{ih} + b_{hh}$ | `bias_ih + bias_hh` |
# | $W_{out}$ | matrix of the read-out (output layer), $(V, H)$ | `head.weight` |
# | $b_{out}$ | bias of the read-out | `head.bias` |
# | $z_t$ | logits | `logits` |
# | $P$ | chance (probability): the softmax of $z_t$ | `chances` |
# | $\tau$ | temperature | `temperature` |
# | $L$ | loss: the mean of $-\ln P$ over the characters that came | `loss` |
# | $dX$ | gradient of the loss with respect to $X$, $dL/dX$: $dh_t$, $da_t$, $dz_t$ | `grads` |
# | $m_s$ | annotation: what an encoder says of letter $s$ of a source | `annotations` |
# | $\alpha_{ts}$ | weight of annotation $s$ at step $t$ of a target | `weights` |
# | $q_t$ | mixture of the annotations with these weights | |
# | $W_{mix}$ | matrix that attention adds to a decoder, $(H, 2H)$ | `attend.combine.weight` |
# | $k$ | lag: distance in steps | `lag` |
# | $J$ | Jacobian: all derivatives of one state with respect to an earlier one | |
# | $p$ | in code only: the parameters (weights and biases) of a cell | `p.weight_ih` |
#
# The gates of a GRU are r, z and n, as in PyTorch. Only there is z a gate. Some of our words have
# more usual ones beside them: *chance* (probability), *surprise* (negative log-likelihood), *start*
# (initialisation), *carried* (stateful), *cold* (stateless: the state is reset before each window).

# %% [markdown]
# ## Exercises
#
# Write each function and run its cell. The cell shows what the check expected and what your
# function returned.
#
# **1.** Compute the chances at temperature $\tau$ from logits. (What must you do so that large
# logits do not overflow?)

# %%
from charlstm.notebook.exercises import check


def tempered(logits, tau):
    raise NotImplementedError


z = np.array([2.0, 1.0, -1.0])
check(tempered, [((z, 1.0), softmax(z)), ((z, 0.5), softmax(2 * z)), ((1e4 * z, 1.0), [1, 0, 0])])

# %% [markdown]
# **2.** Compute the bits per character of a text. You get the chances that a model gave to the
# characters that really came.


# %%
def bits_per_character(chances):
    raise NotImplementedError


check(
    bits_per_character,
    [((np.array([0.5, 0.5]),), 1.0), ((np.array([0.25, 1.0, 0.5, 1.0]),), 0.75)],
)

# %% [markdown]
# **3.** Draw a random index, given a random number `chosen` between 0 and 1: return the first index
# at which the sum of the chances so far exceeds this number. When we say "the model writes", we
# mean only this.


# %%
def draw(chances, chosen):
    raise NotImplementedError


fixed = np.array([0.2, 0.5, 0.3])
check(draw, [((fixed, 0.1), 0), ((fixed, 0.2), 1), ((fixed, 0.69), 1), ((fixed, 0.71), 2)])

# %% [markdown]
# <details><summary>One way to write them</summary>
#
# ```python
# def tempered(logits, tau):
#     shares = np.exp((logits - logits.max()) / tau)
#     return shares / shares.sum()
#
# def bits_per_character(chances):
#     return -np.log2(chances).mean()
#
# def draw(chances, chosen):
#     return np.searchsorted(np.cumsum(chances), chosen, side="right")
# ```
# </details>
#
# ## Summary
#
# - A character model gives a chance to each character, given all characters before it. To write, we
#   draw from those chances again and again.
# - Temperature divides the logits. It changes how we use the chances, not what the model has
#   learnt.
# - The surprise is $-\ln P$ of the character that came. Its mean, in nats or bits per character,
#   says how good a model is. Compare it with the three figures printed above.
#
# **Where to read on.** A. Karpathy, *The unreasonable effectiveness of recurrent neural networks*
# (2015), made models like this one popular. C. Shannon, *Prediction and entropy of printed English*
# (1951), asked people to do what the model does, and measured their bits per character.
# Next: [2. A recurrent network by hand](02-a-recurrent-network-by-hand.ipynb).
