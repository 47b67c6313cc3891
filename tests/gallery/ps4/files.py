# %% right: ten words and good files
about = "Random letters of two kinds, made by a small script."


# %% right: a list of facts, joined
facts = ["Letters in and outside quotation marks", "made by a script", "so they are nobody's"]
about = f"{facts[0]}; {facts[1]}, {facts[2]}. There are {len(own.corpus.text)} of them."


# %% right: a model that says nothing about how good it is
import dataclasses
from pathlib import Path

model = dataclasses.replace(own.checkpoint, measured=None)
model.save(Path("model.safetensors"))
about = "Letters of two kinds, from a script; the model's figures are left out."


# %% wrong: nothing is said about the text
about = ""


# %% wrong: an essay
about = "It is a wonderful text. " * 40


# %% wrong: no model
from pathlib import Path

about = "Letters of two kinds, from a script, and there is no model at all."
Path("model.safetensors").unlink()


# %% wrong: the shipped model
import shutil

from charlstm import find_model

about = "Letters of two kinds, from a script; the model came with the package."
shutil.copyfile(find_model("tinyshakespeare"), "model.safetensors")


# %% wrong: the shipped model, with the papers of another one
import dataclasses
from pathlib import Path

from charlstm import Checkpoint, find_model

about = "Letters of two kinds, from a script; the model has somebody else's papers."
shipped = Checkpoint.load(find_model("tinyshakespeare"))
mine = own.checkpoint
forged = dataclasses.replace(shipped, provenance=mine.provenance, training=mine.training)
forged.save(Path("model.safetensors"))


# %% wrong: a model that nobody trained
import dataclasses
from pathlib import Path

about = "Letters of two kinds, from a script; the model does not say how it was trained."
dataclasses.replace(own.checkpoint, training=None).save(Path("model.safetensors"))


# %% wrong: a model that does not say what it has read
import dataclasses
from pathlib import Path

about = "Letters of two kinds, from a script; the model does not say what it read."
dataclasses.replace(own.checkpoint, provenance=None).save(Path("model.safetensors"))


# %% wrong: a pickle
import pickle
from pathlib import Path

about = "Letters of two kinds, from a script; the model is saved in another way."
Path("model.safetensors").write_bytes(pickle.dumps({"weights": [1, 2, 3]}))


# %% wrong: a model file that is too large
from pathlib import Path

about = "Letters of two kinds, from a script, and a file of twenty million bytes."
Path("model.safetensors").write_bytes(bytes(20_000_000))


# %% wrong: the text was corrected after the training
from pathlib import Path

about = "Letters of two kinds, from a script, with one letter put right afterwards."
text = Path("text.txt").read_text(encoding="utf-8")
Path("text.txt").write_text("x" + text[1:], encoding="utf-8")


# %% wrong: a text of ten lines
import dataclasses
import hashlib
from pathlib import Path

about = "Ten lines that I wrote myself, so nobody else can mind their use."
text = "".join(Path("text.txt").read_text(encoding="utf-8").splitlines(keepends=True)[:10])
Path("text.txt").write_text(text, encoding="utf-8")
papers = dataclasses.replace(
    own.checkpoint.provenance,
    sha256=hashlib.sha256(text.encode()).hexdigest(),
    characters=len(text),
)
dataclasses.replace(own.checkpoint, provenance=papers).save(Path("model.safetensors"))


# %% wrong: a page that is repeated until it is long enough
import dataclasses
import hashlib
from pathlib import Path

about = "A page that I wrote myself, copied until it was as long as it must be."
text = Path("text.txt").read_text(encoding="utf-8")[:5_000] * 12
Path("text.txt").write_text(text, encoding="utf-8")
papers = dataclasses.replace(
    own.checkpoint.provenance,
    sha256=hashlib.sha256(text.encode()).hexdigest(),
    characters=len(text),
)
dataclasses.replace(own.checkpoint, provenance=papers).save(Path("model.safetensors"))


# %% wrong: nothing is held out
import dataclasses
from pathlib import Path

from charlstm.fields import Split

about = "Letters of two kinds, from a script, all of them used for the training."
cut = dataclasses.replace(own.checkpoint.provenance.options, split=Split(0.9, 0.1))
papers = dataclasses.replace(own.checkpoint.provenance, options=cut)
dataclasses.replace(own.checkpoint, provenance=papers).save(Path("model.safetensors"))


# %% wrong: a text that comes with charlstm
import dataclasses
import hashlib
from pathlib import Path

import charlstm

about = "Tales that came with the package, which says that everybody may use them."
text = charlstm.read_corpus(["tales"]).text
Path("text.txt").write_text(text, encoding="utf-8", newline="")
papers = dataclasses.replace(
    own.checkpoint.provenance,
    sha256=hashlib.sha256(text.encode()).hexdigest(),
    characters=len(text),
)
model = charlstm.CharModel(own.checkpoint.options, len(set(text)), seed=1)
dataclasses.replace(
    own.checkpoint,
    provenance=papers,
    vocabulary=charlstm.Vocabulary.of(text),
    weights=model.to_arrays(),
).save(Path("model.safetensors"))


# %% wrong: a model that knows only the most frequent letters
import dataclasses
from pathlib import Path

import charlstm

about = "Letters of two kinds, from a script, without all those that are hard to guess."
known = charlstm.Vocabulary.of("ab ")
model = charlstm.CharModel(own.checkpoint.options, len(known), seed=1)
dataclasses.replace(own.checkpoint, vocabulary=known, weights=model.to_arrays()).save(
    Path("model.safetensors")
)
