"""How the tokens of a concept in a sentence become its mention vector e_v.

`mean` is the published one and the rule elsewhere in this project. `cls` takes the sentence's
first token, so two concepts of one sentence have the same vector and pull it to two places:
it is for data with one concept a sentence. `first` takes the first token of the concept's first
mention, which no other concept shares unless their mentions start together.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch_geometric.utils import softmax

from bali.model.pooling import pool_mentions

Pooling = Literal["mean", "first", "cls", "attention"]
MENTION_POOLINGS: tuple[str, ...] = get_args(Pooling)


class MentionPooling(nn.Module):
    """One vector each concept of a sentence.

    Of n tokens with vectors h_1 ... h_n, over all mentions of the concept in the sentence:

        mean        (h_1 + ... + h_n) / n
        first       h_1
        cls         the vector of the sentence's first token
        attention   a_1 h_1 + ... + a_n h_n,  a = softmax of  q . h_i / sqrt(dim)

    q is learnt and starts at 0, where `attention` is `mean`.
    """

    def __init__(self, pooling: str, dim: int) -> None:
        """Build the pooling.

        Args:
            pooling: one of MENTION_POOLINGS.
            dim: width of the token vectors.

        Raises:
            ValueError: another `pooling`.
        """
        super().__init__()
        if pooling not in MENTION_POOLINGS:
            raise ValueError(f"pooling {pooling!r} is none of {', '.join(MENTION_POOLINGS)}")
        self.pooling = pooling
        self.query = nn.Parameter(torch.zeros(dim)) if pooling == "attention" else None

    def forward(
        self, hidden: Tensor, token: Tensor, group: Tensor, groups: int, sentence: Tensor
    ) -> Tensor:
        """Pool.

        Args:
            hidden: (tokens, dim), float; the sentences of a step one after another.
            token: (links,), int64; rows of `hidden` that belong to a mention.
            group: (links,), int64 in [0, groups); the concept of a sentence each belongs to.
            groups: number of groups; each must have a token.
            sentence: (tokens,), int64; the first token of each token's sentence.

        Returns:
            (groups, dim), float32 (float64 if `hidden` is).
        """
        if self.pooling == "mean":
            return pool_mentions(hidden, token, group, groups)
        vectors = hidden if hidden.dtype == torch.float64 else hidden.float()
        if self.query is not None:
            h = vectors[token]  # (links, dim)
            # not a matrix product, which autocast would round to bfloat16
            score = (h * self.query).sum(dim=1) / h.shape[1] ** 0.5  # (links,)
            weight = softmax(score, group, num_nodes=groups)
            return vectors.new_zeros(groups, h.shape[1]).index_add(0, group, weight[:, None] * h)
        first = token.new_full((groups,), len(hidden)).scatter_reduce(0, group, token, "amin")
        return vectors[sentence[first] if self.pooling == "cls" else first]
