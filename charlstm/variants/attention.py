"""Attention: at each step the decoder looks at all letters of the source, with other weights."""

from typing import Literal

import torch
from torch import Tensor, nn

from charlstm.errors import UserError

Attention = Literal["bahdanau", "dot"]


class Attend(nn.Module):
    """Attention: weights of the annotations for each feature, and what both say together.

    A score says how well annotation m fits feature h. It is h . m for "dot" (Luong, Pham & Manning
    2015, equation 8) and w . tanh(W h + U m) for "bahdanau" (Bahdanau, Cho & Bengio 2015, appendix
    A.1.2). The softmax of the scores over the source gives the weights. The annotations with these
    weights add up to the mixture q. What comes out is tanh(W_mix [q; h]) for both (Luong et al.,
    equation 5). Bahdanau et al. score with the state before the step, and let the mixture enter the
    step. Here it does not, so that all letters of a target run in one pass.

    Args:
        kind: "dot" or "bahdanau".
        hidden_size: H.
    """

    def __init__(self, kind: Attention, hidden_size: int) -> None:
        super().__init__()
        self.kind = kind
        if kind == "bahdanau":
            self.query = nn.Linear(hidden_size, hidden_size, bias=False)
            self.key = nn.Linear(hidden_size, hidden_size, bias=False)
            self.score = nn.Linear(hidden_size, 1, bias=False)
        self.combine = nn.Linear(2 * hidden_size, hidden_size, bias=False)

    def forward(self, features: Tensor, annotations: Tensor) -> tuple[Tensor, Tensor]:
        """Return new features (B, T, H) and the weights (B, T, S), which sum to 1 over S.

        Args:
            features: (B, T, H), of the decoder.
            annotations: (B, S, H), of the encoder.

        Raises:
            UserError: the two do not fit each other, or there is no annotation.
        """
        B, H = len(features), self.combine.out_features
        fits = features.ndim == annotations.ndim == 3 and len(annotations) == B
        if (
            not fits
            or not features.shape[2] == annotations.shape[2] == H
            or not annotations.shape[1]
        ):
            raise UserError(
                f"features have the shape {tuple(features.shape)}, and annotations"
                f" {tuple(annotations.shape)}; they must be (B, T, {H}) and (B, S, {H}), S at"
                " least 1"
            )
        if self.kind == "dot":
            scores = features @ annotations.transpose(1, 2)  # (B, T, S)
        else:
            sums = self.query(features)[:, :, None] + self.key(annotations)[:, None]
            scores = self.score(torch.tanh(sums))[..., 0]  # (B, T, S)
        weights = scores.softmax(2)
        mixture = weights @ annotations  # (B, T, H)
        return torch.tanh(self.combine(torch.cat((mixture, features), 2))), weights
