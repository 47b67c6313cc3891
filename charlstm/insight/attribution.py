"""Which earlier letters made a model say this one.

Three methods share the answer out among the letters that the model had read:

- `occlusion` takes a letter away and reads again. This is slow, and it is what the question means.
- `gradient_times_input` asks how the answer would change with a small step of a letter's embedding.
- `relevance_propagation` sends the answer back through the network, in proportion to what each
  part has contributed.

`blame.py` says what is explained: the score of a letter.

**Which to trust.** Occlusion is the referee. In `synthetic.recall` only the first letter of a line
can tell the answer, in `synthetic.agreement` only the end of the noun (is or are?). These are the
shares of the relevance on them, by size, of LSTMs that are always right; means of five seeds, 40
and 20 lines each (`python -m pytest -s -m slow -k shares_of tests/insight/test_attribution.py`):

    recall       occlusion  gradient times input  relevance propagation  chance
    trained           0.93                  0.25                   0.72    0.07
    untrained         0.14                  0.13                   0.13    0.07

    agreement
    trained           0.53                  0.33                   0.15    0.08
    untrained         0.07                  0.07                   0.08    0.08

Each of the cheap methods has a blind spot. A trained network is so sure that a small step changes
little: the gradient misses that. And relevance propagation gives gates nothing: it can miss a
letter that acts by what it opens or closes.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

from charlstm.errors import UserError
from charlstm.insight.blame import Blame, ask
from charlstm.insight.gradients import advance
from charlstm.insight.relevance import relevance_propagation
from charlstm.model.cells import run_layers
from charlstm.model.checkpoint import Checkpoint
from charlstm.model.named_cells import find_cell
from charlstm.model.network import CharModel
from charlstm.model.stack import ModelState

BLOCK = 16  # letters that occlusion reads in one go


def occlusion(
    checkpoint: Checkpoint,
    text: str,
    targets: Iterable[int] | None = None,
    instead: str | None = None,
    draws: int | None = None,
    seed: int = 0,
) -> Blame:
    """Replace a letter, read again, and see how far the score falls.

    A letter's relevance is the score minus the score without the letter. One reading of a text with
    a letter replaced tells something about each target behind it. Up to that letter all these texts
    are the same, and are read only once.

    Args:
        checkpoint: the model, made of any cell.
        text: T characters. It is read from the zero state.
        targets: places of letters to explain, from 1 to T - 1; None takes all.
        instead: letters that the model might have said, one for all targets or one for each;
            None compares with the mean of all letters.
        draws: how many letters replace each letter, one after the other; their scores are
            averaged. They are drawn from the letters of the text, so a frequent letter comes often.
            None replaces a letter by the mean of the text's embeddings: a smear of all letters, in
            a single reading, of a kind that the model has never seen.
        seed: of the draws.

    Raises:
        UserError: the text is too short or has a letter that the model does not know, or there is
            no such target; or `draws` is below 1.

    Example:
        >>> from charlstm import Checkpoint, find_model
        >>> shipped = Checkpoint.load(find_model("tinyshakespeare"))
        >>> found = occlusion(shipped, "The queens are", targets=[11], instead="i")  # not "is"
        >>> found.relevance.shape
        (1, 14)
    """
    if draws is not None and draws < 1:
        raise UserError(f"draws is {draws}; give at least 1, or None for the mean of the text")
    ids, places, direction = ask(checkpoint, text, targets, instead)
    model = _on_torch(checkpoint)
    T = len(text)
    xs = model.embed(torch.from_numpy(ids).long())  # (T, E)
    K = draws or 1
    if draws is None:
        others = xs.mean(0).expand(T, 1, -1)
    else:
        others = xs[np.random.default_rng(seed).integers(T, size=(T, K))]  # (T, K, E)
    score = np.zeros(len(places), direction.dtype)
    relevance = np.zeros((len(places), T), direction.dtype)
    state = model.zero_state(1)  # row 0 is the text itself; K rows follow for each letter replaced
    for start in range(0, places[-1], BLOCK):
        size = min(BLOCK, places[-1] - start)
        old = 1 + K * start
        state = [
            tuple(torch.cat((s, s[:1].expand(K * size, -1))) for s in layer) for layer in state
        ]
        x = xs[start : start + size].repeat(old + K * size, 1, 1)  # (B, size, E)
        for t in range(size):
            x[old + K * t : old + K * (t + 1), t] = others[start + t]
        with torch.no_grad():
            features, state = run_layers(list(model.layers), x, state, checkpoint.options.readout)
            logits = model.head(features).numpy()  # (B, size, V)
        for row in np.flatnonzero((places > start) & (places <= start + size)):
            place = places[row]
            scores = logits[:, place - 1 - start] @ direction[row]
            score[row] = scores[0]
            without = scores[1 : 1 + K * place].reshape(place, K).mean(1)
            relevance[row, :place] = scores[0] - without
    return Blame(text, places, score, relevance)


def gradient_times_input(
    checkpoint: Checkpoint,
    text: str,
    targets: Iterable[int] | None = None,
    instead: str | None = None,
) -> Blame:
    """Multiply the score's gradient with respect to each embedding by that embedding.

    For a linear model this is what a letter contributes. For any other it tells what a step towards
    a zero embedding would change, if the slope stayed as it is (Denil, Demiraj & de Freitas 2014).

    Args:
        checkpoint: as for `occlusion`.
        text: as for `occlusion`.
        targets: as for `occlusion`.
        instead: as for `occlusion`.

    Raises:
        UserError: as for `occlusion`.
    """
    ids, places, direction = ask(checkpoint, text, targets, instead)
    model = _on_torch(checkpoint)
    cell = find_cell(checkpoint.options.cell)

    def flat(state: ModelState) -> list[Tensor]:
        return [s for layer in state for s in layer]

    def advanced(x: Tensor, *before: Tensor) -> tuple[Tensor, ...]:
        """Return logits and the new state, with a state that is a flat list."""
        count = len(cell.states)
        layers = [before[k : k + count] for k in range(0, len(before), count)]
        logits, after = advance(model, cell.step, x, layers)
        return logits, *flat(after)

    xs = model.embed(torch.from_numpy(ids).long())  # (T, E)
    state = flat([tuple(s[0] for s in layer) for layer in model.zero_state(1)])  # each (H,)
    scores = []
    pull_backs = []  # of each letter: a function from the gradients behind it to those before it
    for x in xs[: places[-1]]:
        # without `has_aux` two things come back, but their type says two or three
        (logits, *state), pull_back = torch.func.vjp(advanced, x, *state)  # type: ignore[misc]
        scores.append(logits.numpy())
        pull_backs.append(pull_back)
    score = (np.stack(scores)[places - 1] * direction).sum(1)
    relevance = np.zeros((len(places), len(text)), direction.dtype)
    seeds = torch.from_numpy(direction)
    back = [torch.zeros(len(places), len(s), dtype=s.dtype) for s in state]
    for t in reversed(range(places[-1])):
        live = np.searchsorted(places, t + 1)  # from this row on, targets lie behind t
        asked = seeds[live:] * torch.from_numpy(places[live:] == t + 1)[:, None]
        pull_back = torch.func.vmap(pull_backs.pop())  # all targets side by side
        found = pull_back((asked, *(g[live:] for g in back)))
        relevance[live:, t] = (found[0] @ xs[t]).numpy()
        for whole, part in zip(back, found[1:], strict=True):
            whole[live:] = part
    return Blame(text, places, score, relevance)


def _on_torch(checkpoint: Checkpoint) -> CharModel:
    """Return the model in the precision of its weights, with nothing to be trained."""
    weights = checkpoint.weights
    dtype = torch.from_numpy(weights["head.weight"]).dtype
    model = CharModel(checkpoint.options, len(checkpoint.vocabulary)).to(dtype)
    return model.load_arrays(weights).requires_grad_(False)


METHODS: Mapping[str, Callable[..., Blame]] = {
    "occlusion": occlusion,
    "gradient times input": gradient_times_input,
    "relevance propagation": relevance_propagation,
}
