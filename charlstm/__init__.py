"""charlstm: character-level text generation with stacked LSTMs.

Names are loaded when they are first used: `import charlstm` brings in neither torch nor NumPy.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from charlstm.errors import UserError
    from charlstm.measuring.scores import Score, carried, cold
    from charlstm.model.checkpoint import Checkpoint, find_model
    from charlstm.model.network import CharModel
    from charlstm.options import DataOptions, ModelOptions, SampleOptions, TrainOptions
    from charlstm.sampling.sampler import Sampler, choose, generate
    from charlstm.text.corpus import Corpus, read_corpus
    from charlstm.text.streams import Streams, streams_for
    from charlstm.text.vocabulary import Vocabulary
    from charlstm.training.trainer import Report, Trainer, fit

__version__ = "0.1.0"

_HOME = {
    "CharModel": "model.network",
    "Checkpoint": "model.checkpoint",
    "Corpus": "text.corpus",
    "DataOptions": "options",
    "ModelOptions": "options",
    "Report": "training.trainer",
    "SampleOptions": "options",
    "Sampler": "sampling.sampler",
    "Score": "measuring.scores",
    "Streams": "text.streams",
    "TrainOptions": "options",
    "Trainer": "training.trainer",
    "UserError": "errors",
    "Vocabulary": "text.vocabulary",
    "carried": "measuring.scores",
    "choose": "sampling.sampler",
    "cold": "measuring.scores",
    "find_model": "model.checkpoint",
    "fit": "training.trainer",
    "generate": "sampling.sampler",
    "read_corpus": "text.corpus",
    "streams_for": "text.streams",
}

__all__ = [
    "CharModel",
    "Checkpoint",
    "Corpus",
    "DataOptions",
    "ModelOptions",
    "Report",
    "SampleOptions",
    "Sampler",
    "Score",
    "Streams",
    "TrainOptions",
    "Trainer",
    "UserError",
    "Vocabulary",
    "carried",
    "choose",
    "cold",
    "find_model",
    "fit",
    "generate",
    "read_corpus",
    "streams_for",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'charlstm' has no attribute {name!r}")
    return getattr(importlib.import_module(f"charlstm.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
