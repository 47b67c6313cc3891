"""charlstm: character-level text generation with stacked LSTMs.

Names are loaded when they are first used: `import charlstm` brings in neither torch nor NumPy.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from charlstm.checkpoint import Checkpoint, find_model
    from charlstm.corpora import Corpus, read_corpus
    from charlstm.errors import UserError
    from charlstm.metrics import Score, carried, cold
    from charlstm.model import CharModel
    from charlstm.options import DataOptions, ModelOptions, SampleOptions, TrainOptions
    from charlstm.sampler import Sampler, choose, generate
    from charlstm.streams import Streams, fit_streams
    from charlstm.trainer import Report, Trainer, fit
    from charlstm.vocabulary import Vocabulary

__version__ = "0.1.0"

_HOME = {
    "CharModel": "model",
    "Checkpoint": "checkpoint",
    "Corpus": "corpora",
    "DataOptions": "options",
    "ModelOptions": "options",
    "Report": "trainer",
    "SampleOptions": "options",
    "Sampler": "sampler",
    "Score": "metrics",
    "Streams": "streams",
    "TrainOptions": "options",
    "Trainer": "trainer",
    "UserError": "errors",
    "Vocabulary": "vocabulary",
    "carried": "metrics",
    "choose": "sampler",
    "cold": "metrics",
    "find_model": "checkpoint",
    "fit": "trainer",
    "fit_streams": "streams",
    "generate": "sampler",
    "read_corpus": "corpora",
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
    "fit_streams",
    "generate",
    "read_corpus",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'charlstm' has no attribute {name!r}")
    return getattr(importlib.import_module(f"charlstm.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
