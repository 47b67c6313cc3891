"""Presets: options that go together. `pretrained/README.md` tells how they were found."""

from collections.abc import Set
from dataclasses import dataclass

from charlstm.errors import UserError, counted, option
from charlstm.flags import lay_over
from charlstm.options import ModelOptions, TrainOptions
from charlstm.training.budget import Budget

GPU_SPEED = 15  # times two CPU cores: an H200 trains `large` on 88,000 characters a second
SHORT_TEXT = 600_000  # characters; below it a small model is the best
LONG_TEXT = 5_000_000  # characters; from here on a GPU trains a model too large for a CPU


@dataclass(frozen=True)
class Preset:
    """Options that go together.

    Attributes:
        model: sizes and dropout rates.
        training: rates and windows; the user chooses the budget.
        passes: from so many passes over the text on, it is the best choice.
        speed: characters that it trains on in a second, roughly, on two CPU cores that also have
            other work.
        reaches: what such a model reaches on tiny-shakespeare (cold), and after how many epochs;
            `pretrained/README.md` has the measurements. Empty if nobody has measured it.
    """

    model: ModelOptions
    training: TrainOptions
    passes: float
    speed: float
    reaches: str


PRESETS = {
    # for a text that is read many times: without much dropout it would be learnt by heart
    "small": Preset(
        ModelOptions(hidden_size=256, dropout=0.3, weight_drop=0.2),
        TrainOptions(),
        passes=6,
        speed=15_000,
        reaches="1.531 nats after 6 epochs; it is made for shorter texts (tales: 1.306 after 12)",
    ),
    # for a text that is read a few times
    "medium": Preset(
        ModelOptions(),
        TrainOptions(),
        passes=0,
        speed=10_000,
        reaches="1.467 nats after 2.4 epochs",
    ),
    # for a million characters and an hour or two; for forty passes and more, or a GPU, the shipped
    # model's command is better, which has more streams and a higher rate
    "large": Preset(
        ModelOptions(layers=2, hidden_size=448, input_dropout=0.1, dropout=0.35, weight_drop=0.3),
        TrainOptions(
            window=50,
            reset=0.03,
            learning_rate=7e-3,
            beta1=0.9,
            weight_decay=0.05,
            patience=None,  # validation rises while the rate is high, and falls again
        ),
        passes=10,
        speed=5_000,
        reaches="1.370 nats after 22 epochs",
    ),
    # for millions of characters and a GPU, with sizes that are multiples of 128: cuDNN's persistent
    # kernel wants them, which PyTorch takes in float16 only. Nobody has tried this preset. Sizes,
    # dropout and rate are near those of Merity, Keskar & Socher 2018, "An Analysis of Neural
    # Language Modeling at Multiple Scales", for characters.
    "xlarge": Preset(
        ModelOptions(
            layers=3,
            hidden_size=1024,
            embedding_size=128,
            input_dropout=0.1,
            dropout=0.25,
            weight_drop=0.2,
        ),
        TrainOptions(
            batch_size=128,
            window=128,
            reset=0.03,
            learning_rate=2e-3,
            beta1=0.9,
            weight_decay=0.05,
            patience=None,
        ),
        passes=0,
        speed=100_000,
        reaches="",
    ),
}


def preset(name: str) -> Preset:
    """Return a preset by its name.

    Raises:
        UserError: there is no preset of that name.

    Example:
        >>> preset("large").model.layers
        2
    """
    if name not in PRESETS:
        known = ", ".join(PRESETS)
        raise UserError(f"{option('preset')} is {name!r}; it must be one of {known}")
    return PRESETS[name]


def choose_preset(
    characters: int, training: TrainOptions, device: str = "cpu", given: Set[str] = frozenset()
) -> str:
    """Return the name of the preset for a text of so many characters, a budget and a device.

    A model that reads a text many times learns it by heart, unless dropout is strong. With strong
    dropout a larger model is better, if the text is long. A text that is read only a few times is
    learnt best with little dropout. A GPU has time for a larger model, if the text is long. Nobody
    has tried "xlarge" yet: the length of the text alone decides on it.

    Example:
        >>> choose_preset(1_000_000, TrainOptions(minutes=2.5))
        'medium'
        >>> choose_preset(1_000_000, TrainOptions(epochs=20))
        'large'
        >>> choose_preset(200_000, TrainOptions(minutes=2.5))
        'small'
        >>> choose_preset(20_000_000, TrainOptions(minutes=30), "cuda")
        'xlarge'
        >>> choose_preset(1_000_000, TrainOptions(minutes=2.5), "cuda")
        'large'
    """
    if device == "cuda" and characters >= LONG_TEXT:
        return "xlarge"
    name = "small" if characters < SHORT_TEXT else "large"
    options = lay_over(PRESETS[name].training, training, given)
    chars_per_step = options.batch_size * options.window
    speed = PRESETS[name].speed * (GPU_SPEED if device == "cuda" else 1)
    read = Budget.of(training).characters(characters, chars_per_step, speed)
    return name if read >= PRESETS[name].passes * characters else "medium"


def expectation(name: str, characters: int | None = None) -> str:
    """Tell which preset a training takes, and what such a model reaches on a known text.

    Args:
        name: the preset.
        characters: length of the text that the preset was chosen for; None if a person named it.
    """
    why = f", chosen for {counted(characters, 'character')} and this budget" if characters else ""
    reaches = PRESETS[name].reaches
    told = (
        f"on tiny-shakespeare such a model reaches {reaches}"
        if reaches
        else "nobody has measured it"
    )
    return f"preset {name}{why}; {told}"
