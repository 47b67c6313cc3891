"""charlstm: character-level text generation with stacked LSTMs.

A name is loaded when it is first used, so `import charlstm` imports neither torch nor NumPy.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # type checkers read this; a test compares it with _HOME
    from charlstm.errors import UserError as UserError
    from charlstm.measuring.scores import score_carried as score_carried
    from charlstm.measuring.scores import score_cold as score_cold
    from charlstm.model.cells import Cell as Cell
    from charlstm.model.checkpoint import Checkpoint as Checkpoint
    from charlstm.model.checkpoint import find_model as find_model
    from charlstm.model.facts import Score as Score
    from charlstm.model.named_cells import register_cell as register_cell
    from charlstm.model.network import CharModel as CharModel
    from charlstm.model.network import initialize as initialize
    from charlstm.options import DataOptions as DataOptions
    from charlstm.options import ModelOptions as ModelOptions
    from charlstm.options import SampleOptions as SampleOptions
    from charlstm.options import TrainOptions as TrainOptions
    from charlstm.sampling.choose import choose as choose
    from charlstm.sampling.sampler import Sampler as Sampler
    from charlstm.sampling.sampler import generate as generate
    from charlstm.text.corpus import Corpus as Corpus
    from charlstm.text.corpus import read_corpus as read_corpus
    from charlstm.text.streams import Streams as Streams
    from charlstm.text.streams import streams_for as streams_for
    from charlstm.text.vocabulary import Vocabulary as Vocabulary
    from charlstm.training.fit import fit as fit
    from charlstm.training.progress import Report as Report
    from charlstm.training.trainer import Trainer as Trainer

__version__ = "0.2.0"

# each public name and the file that defines it
_HOME = {
    "Cell": "model.cells",
    "CharModel": "model.network",
    "Checkpoint": "model.checkpoint",
    "Corpus": "text.corpus",
    "DataOptions": "options",
    "ModelOptions": "options",
    "Report": "training.progress",
    "SampleOptions": "options",
    "Sampler": "sampling.sampler",
    "Score": "model.facts",
    "Streams": "text.streams",
    "TrainOptions": "options",
    "Trainer": "training.trainer",
    "UserError": "errors",
    "Vocabulary": "text.vocabulary",
    "choose": "sampling.choose",
    "find_model": "model.checkpoint",
    "fit": "training.fit",
    "generate": "sampling.sampler",
    "initialize": "model.network",
    "read_corpus": "text.corpus",
    "register_cell": "model.named_cells",
    "score_carried": "measuring.scores",
    "score_cold": "measuring.scores",
    "streams_for": "text.streams",
}

__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'charlstm' has no attribute {name!r}")
    return getattr(importlib.import_module(f"charlstm.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
