"""Options that go together, found by the search in `pretrained/README.md`."""

from typing import Any

from charlstm.options import DEFAULT_MINUTES, ModelOptions, TrainOptions

PRESETS: dict[str, dict[str, Any]] = {
    # for a text that is read many times: much is dropped, or it would be learnt by heart
    "small": {"hidden_size": 256, "dropout": 0.3, "weight_drop": 0.2},
    # for a text that is read a few times: the defaults of ModelOptions and TrainOptions
    "medium": {},
    # what the shipped model was trained with: for a million characters and an hour or two
    "large": {
        "layers": 2,
        "hidden_size": 448,
        "input_dropout": 0.1,
        "dropout": 0.35,
        "weight_drop": 0.3,
        "window": 50,
        "reset": 0.03,
        "learning_rate": 7e-3,
        "beta1": 0.9,
        "weight_decay": 0.05,
        "patience": None,  # validation rises while the rate is high, and falls again
    },
}
REACHES = {  # nats, cold, on one thread; see pretrained/README.md
    "small": "1.531 nats after 6 epochs; it is made for shorter texts (tales: 1.306 after 12)",
    "medium": "1.465 nats after 2.4 epochs",
    "large": "1.390 nats after 22 epochs",
}
SHORT_TEXT = 600_000  # characters
MANY_PASSES = {"small": 6, "large": 10}  # over the text, from which on a preset is best
SPEED = {"small": 15_000, "large": 5_000}  # characters a second on two cores, roughly


def preset(name: str) -> tuple[ModelOptions, TrainOptions]:
    """Return the options of a preset.

    Example:
        >>> model, training = preset("large")
        >>> model.layers
        2
    """
    values = PRESETS[name]
    model = {k: v for k, v in values.items() if k in ModelOptions.__dataclass_fields__}
    training = {k: v for k, v in values.items() if k in TrainOptions.__dataclass_fields__}
    return ModelOptions(**model), TrainOptions(**training)


def choose_preset(characters: int, budget: TrainOptions) -> str:
    """Return the preset for a text of so many characters and a budget.

    A text that is read over and over is learnt by heart unless much is dropped, which then allows a
    larger model if the text is long; one that is read but a few times is learnt best with little
    dropped.

    Example:
        >>> choose_preset(1_000_000, TrainOptions(minutes=2.5))
        'medium'
        >>> choose_preset(1_000_000, TrainOptions(epochs=20))
        'large'
        >>> choose_preset(200_000, TrainOptions(minutes=2.5))
        'small'
    """
    special = "small" if characters < SHORT_TEXT else "large"
    if budget.steps is not None:
        read = float(budget.steps * budget.batch_size * budget.window)
    elif budget.epochs is not None:
        read = budget.epochs * characters
    else:
        read = 60 * (budget.minutes or DEFAULT_MINUTES) * SPEED[special]
    return special if read >= MANY_PASSES[special] * characters else "medium"


def expectation(characters: int, budget: TrainOptions, name: str | None = None) -> str:
    """Tell which preset a training takes, and what such a model reaches on a known text."""
    chosen = name or choose_preset(characters, budget)
    why = "" if name else f", chosen for {characters:,} characters and this budget"
    return f"preset {chosen}{why}; on tiny-shakespeare such a model reaches {REACHES[chosen]}"
