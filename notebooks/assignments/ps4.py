# %% [markdown]
# # Problem set 4: a text of your own
#
# The last set is open. You choose a text, train a model on it, and find out what the model has
# learnt: whether it is better than counting, what one of its units does, and how much of what it
# writes is copied.
#
# **20 points:**
#
# | | what | points | graded by |
# | --- | --- | --- | --- |
# | 1 | a text and a model | 2 | a test |
# | 2 | the model against a 5-gram | 4 | a test that measures both again |
# | 3 | a unit, and its untrained control | 4 | a test that measures both again |
# | 4 | novelty | 2 | a test that lets the model write again |
# | 5 | in words | 8 | a person, by the table in part 5 |
#
# **How long it takes.** The training runs by itself for 3 to 10 minutes. We estimate three to five
# hours for the rest, half of it for the text. All cells of a solved copy run in about a minute at
# most, on a quiet machine. The lessons on the LSTM's gates and on truncated back-propagation show
# how to look at units and how to train on a corpus, with the same letters; lesson 1 has a table of
# them (*Symbols*).
#
# **What you hand in:** three files with these names, not packed into one: `ps4.ipynb`, `text.txt`
# and `model.safetensors`. While you work, keep them in one folder.
#
# **How to work.** Write where it says `YOUR CODE HERE`, in place of the line that raises
# `NotImplementedError`. You may add cells anywhere. Grading restores the cells that you cannot
# edit, and runs all cells again beside your two files, without a network. A cell may take 60
# seconds. So do not train in this notebook.
#
# **How to check before you hand in.** There are no hidden tests. If the cell of tests below a part
# shows no error, you have the points of that part (but see part 3). Parts 2 to 4 need a text and a
# model that pass part 1. Before you hand in, choose *Kernel > Restart Kernel and Run All Cells*.

# %% files=["text.txt", "model.safetensors"] nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
# %matplotlib inline
import numpy as np
import torch

from charlstm import SampleOptions
from charlstm.grading import own_figures
from charlstm.grading.own_model import OwnModel
from charlstm.insight import activations, features, neurons
from charlstm.notebook import text_plots
from charlstm.notebook.exercises import expect
from charlstm.notebook.lines import wrapped

torch.set_num_threads(1)
own = OwnModel()  # your two files; it reads them when you first ask for something

# %% [markdown]
# ## 1. A text and a model (2 points)
#
# Choose a text that you are curious about: a book, letters, recipes, songs, source code, tables,
# music in ABC notation. It must
#
# - have from 50,000 to 2,000,000 characters in one file (join several files into one);
# - be a text that you may use and hand in. Leave out what is private;
# - not come with charlstm, and not be the text of a shipped model;
# - not repeat itself. At most a tenth of the 50-character pieces of its last part may stand before
#   them, too. Remove headers, licences and doubled pages.
#
# Save it as `text.txt`, and look at it before you train:
#
#     python -m charlstm.corpora text.txt
#
# Then train in a terminal. `--split 0.8 0.1` is needed: training reads the first 80 %, the next
# 10 % choose the model, and the last 10 % are *held out*. All that you report is measured there.
#
#     python -m charlstm.train text.txt --split 0.8 0.1 --minutes 5 --out my-run
#     python -m charlstm.evaluate my-run --part test
#
# Copy `my-run/model.safetensors` beside this notebook. The file says on which text it was trained;
# a model of another text is refused, and so is one of more than 3,000,000 weights.
#
# Below, set `about` to 10 to 80 words: what the text is, where it is from, and why you may use it.

# %% nbgrader={"grade": false, "grade_id": "files", "locked": false, "schema_version": 3, "solution": true, "task": false}
### BEGIN SOLUTION
about = """
Two kinds of letters, drawn at random for a test of this problem set: some outside quotation marks
and others inside. A script of charlstm makes them, so they belong to nobody.
"""
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "files-visible", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
own = OwnModel()
own.check()
words = len(about.split())
assert 10 <= words <= 80, f"`about` has {words} words; it should have from 10 to 80"
sizes, trained = own.checkpoint.options, own.checkpoint.training
print(f"{len(own.corpus.text):,} characters, sha256 {own.corpus.sha256[:16]}; it begins:")
print(wrapped(own.corpus.text[:300]))
print(f"\n{sizes.cell}, {sizes.layers} x {sizes.hidden_size}; {trained.steps:,} steps")
print(f"measured: {len(own.held_out):,} held-out characters")

# %% [markdown]
# ## 2. The model against a 5-gram (4 points)
#
# A 5-gram counts which character came after which four. It has read all text before the held-out
# part, and unlike the model it goes on learning while it reads. Beat it.
#
# `own_figures.bits(own)` measures both, on the first 20,000 held-out characters. (So its figures
# differ a little from those of `charlstm.evaluate`, which measures the whole part.) Put them into
# `reported`, with three digits or more: `"model"` and `"5-gram"`, in bits per character.
#
# If the 5-gram wins: train for longer, or take more text. The last lines of the training say what
# would help most.

# %% nbgrader={"grade": false, "grade_id": "comparison", "locked": false, "schema_version": 3, "solution": true, "task": false}
### BEGIN SOLUTION
measured = own_figures.bits(own)
reported = {"model": measured.model, "5-gram": measured.ngram}
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "comparison-visible", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
own = OwnModel()
own.check()
again = own_figures.bits(own)
print(f"held out: model {again.model:.3f} bits, 5-gram {again.ngram:.3f}")
print(f"the model at the start of the text, which it was trained on: {again.training:.3f} bits")
expect("bits per character of the model", reported["model"], again.model, 0.01)
expect("bits per character of the 5-gram", reported["5-gram"], again.ngram, 0.01)
assert again.model < again.ngram, "the 5-gram is the better one"

# %% [markdown]
# ## 3. A unit, and its untrained control (4 points)
#
# Find a unit that follows something in *your* text: what no other text has, if you can. Look at the
# text first, and guess what the model must keep in mind.
#
# - `feature(text)` returns a number for each character of a text: a list or an array as long as the
#   text. It looks at nothing but the text. `charlstm.insight.features` has such functions as
#   examples (`line_position`, `word_position`, `speaker_name`, `quoted`). You may use one of these,
#   but a feature of your own tells more;
# - `place` is the unit that you found: number of the layer (from 0), name of the value (`"c"`,
#   `"h"`, `"f"` ...), and number of the unit. Search *before* the held-out part, for example with
#   `neurons.search(own.checkpoint, own.history[-20_000:], {"mine": ...})` (as lesson 1 does);
# - `correlation` is what you measured on the held-out part, for the unit (`"trained"`) and for its
#   control (`"untrained"`). `own_figures.followed(own, feature, *place)` returns both: `.trained`,
#   and `.control.tested`. The control is the best unit of an untrained network of the same sizes.
#
# The correlation of your unit must be 0.4 or more, or -0.4 or less. It must be farther from 0 than
# the control's, by 0.1 or more. And it must be farther from 0 than `.character` of the same result:
# that is the correlation of the best guess from the present character alone. So a feature such as
# "is this a space" fails here. It asks nothing of a memory. The unit must also follow the feature in
# both halves of the held-out part, in the same direction: `.first` is the correlation in the first
# half, and all others are of the second.
#
# A person reads `feature`. If it looks at anything but the text, or treats one part of the text
# differently from another, part 3 has no points.


# %% nbgrader={"grade": false, "grade_id": "unit", "locked": false, "schema_version": 3, "solution": true, "task": false}
### BEGIN SOLUTION
def feature(text):
    """Return 1 inside quotation marks, and 0 elsewhere."""
    return features.quoted(text)


searched = own.history[-20_000:]
best = neurons.search(own.checkpoint, searched, {"mine": feature(searched)})["mine"]
place = (best.layer, best.name, best.unit)
measured = own_figures.followed(own, feature, *place)
correlation = {"trained": measured.trained, "untrained": measured.control.tested}
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "unit-visible", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
own = OwnModel()
own.check()
again = own_figures.followed(own, feature, *place)
untrained = again.control.tested
layer, name, unit = place
print(f"layer {layer + 1}, {name} of unit {unit}: {again.trained:+.3f}")
print(f"untrained, {again.control}: {untrained:+.3f}")
print(f"guessed from the present character alone: {again.character:+.3f}")
expect("the correlation of the unit", correlation["trained"], again.trained, 0.01)
expect("the correlation of its control", correlation["untrained"], untrained, 0.01)
assert abs(again.trained) >= 0.4, "the unit does not follow the feature: below 0.4"
assert again.first * again.trained >= 0.1, (
    "the unit follows the feature in one half of the text only"
)
assert abs(again.trained) >= abs(untrained) + 0.1, "an untrained network does as well, or nearly"
assert abs(again.trained) > abs(again.character), "the present character alone tells as much"
shown = own.held_out[-600:]
values = activations.record(own.checkpoint, own.held_out[-1_000:])[layer][name][-600:, unit]
text_plots.unit(shown, values, *place)

# %% [markdown]
# ## 4. Novelty (2 points)
#
# How much of what your model writes is copied? Choose `options` (temperature, top-k, top-p, a seed
# and a length from 5,000 to 10,000). `text, found = own_figures.written(own, options)` lets the
# model write and compares its text with all that stands before the held-out part. `found.copied[10]`
# is the share of its 10-character pieces that stand there, too, and `found.longest` the longest
# piece. But authors repeat themselves. So compare with the author: `own.held_out_novelty` says the
# same of the held-out part.
#
# Put the shares into `copied`: `"model"` and `"author"`, for pieces of 10 characters.

# %% nbgrader={"grade": false, "grade_id": "novelty", "locked": false, "schema_version": 3, "solution": true, "task": false}
### BEGIN SOLUTION
options = SampleOptions(temperature=0.8, length=5_000, seed=1)
text, found = own_figures.written(own, options)
copied = {"model": found.copied[10], "author": own.held_out_novelty.copied[10]}
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "novelty-visible", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
own = OwnModel()
own.check()
text, found = own_figures.written(own, options)
author = own.held_out_novelty
print(f"copied pieces of 10: model {found.copied[10]:.2%}, author {author.copied[10]:.2%}")
print(wrapped(f"longest, model: {found.longest!r}"))
print(wrapped(f"longest, author: {author.longest!r}"))
print(f"\n{wrapped(text[:600])}")
expect("the share that the model copies", copied["model"], found.copied[10], 0.01)
expect("the share that the author copies", copied["author"], author.copied[10], 0.001)

# %% [markdown]
# ## 5. In words (8 points)
#
# Answer in at most 400 words, and quote the figures from above. You get two points for each line of
# this table if all in it is there, and one if half is.
#
# | | two points for |
# | --- | --- |
# | a. the text | what is regular in your text, and at what distance; what you guessed before the training, and whether it came so |
# | b. the 5-gram | both figures and their difference; one thing in your text that the model can use and a 5-gram cannot, with a place in the text where it counts |
# | c. the unit | what the unit does, shown at a place in the figure; where it fails; what the control says, and what a correlation does not show |
# | d. novelty | both shares and what they mean together; the longest copied piece, and whether it is a phrase or a piece learnt by heart; what your temperature has to do with it |

# %% [markdown] nbgrader={"grade": true, "grade_id": "in-words", "locked": false, "points": 8, "schema_version": 3, "solution": true, "task": false}
# ### BEGIN SOLUTION
# Each answer is another one, so there is no model answer. The cells of tests have printed all that
# you need: the start of the text, all figures measured again, a sample, and the unit's colours. For
# each line give 2, 1 or 0:
#
# a. 2: a regularity with its distance in characters (rhyme: one or two lines; brackets: some tens),
# and an honest look at a guess. 1: only one of these. 0: praise of the text.
#
# b. 2: the figures agree with those printed, and the example needs more than four characters of
# memory (an open quotation, the position in a line, a name from the line before), at a place that
# can be found. 1: figures without such an example, or an example without figures. 0: "neural
# networks are better". If the model's held-out bits are not above its bits on the training part,
# ask how it was trained.
#
# c. 2: a place where the colour changes as it should and one where it does not; the control's
# figure is used (how much needs no learning); a correlation does not show that the model *uses* the
# unit. 1: two of these. 0: the figures alone. Read `feature`: if it looks at the model's own
# values, or at what the character itself shows, or treats one part of the text differently from
# another, part 3 is worth nothing.
#
# d. 2: the model's share is judged beside the author's; the longest piece is named and judged; a
# lower temperature copies more, because it stays on what is likely. 1: two of these. 0: "it is
# creative".
# ### END SOLUTION
