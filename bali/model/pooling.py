"""From token vectors to one vector a mention, and one a name.

Mentions: method.md section 2. e_v is the mean of the last-layer vectors of *all* tokens linked to
concept v in a sentence, over all its mentions there. The released code edits a view in place, so
that the first entity tokens of a batch become zero and lose their gradient, and on another path
drops the first token of a repeated mention (method.md section 5, defects 1 and 2).

Names: as sentence-transformers pools, so that the exported model needs no code of ours.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

NamePooling = Literal["mean", "cls"]
NAME_POOLINGS: tuple[str, ...] = get_args(NamePooling)


def pool_mentions(hidden: Tensor, token: Tensor, group: Tensor, groups: int) -> Tensor:
    """Mean vector of each group of tokens; a group is one concept in one sentence.

    Args:
        hidden: (tokens, dim), float; last layer, the sentences of a step one after another,
            without padding.
        token: (links,), int64; rows of `hidden` that belong to a mention. A token of two
            overlapping mentions of different concepts stands here twice.
        group: (links,), int64 in [0, groups); the group of each of them.
        groups: number of groups; each must have a token.

    Returns:
        (groups, dim), float32 (float64 if `hidden` is). Every linked token gets a gradient.
    """
    vectors = hidden[token]  # (links, dim); a copy: nothing is edited in place
    vectors = vectors if vectors.dtype == torch.float64 else vectors.float()
    total = vectors.new_zeros(groups, vectors.shape[1]).index_add(0, group, vectors)
    # not bincount, which waits for the device to learn the largest group
    number = vectors.new_zeros(groups).index_add(0, group, vectors.new_ones(len(group)))
    return total / number[:, None]


def pool_texts(hidden: Tensor, first: Tensor, owner: Tensor, pooling: str) -> Tensor:
    """One vector a text, as `pool_names`, of texts that stand one after another.

    Args:
        hidden: (tokens, dim), float; last layer, without padding.
        first: (texts,), int64; the first token of each text.
        owner: (tokens,), int64 in [0, texts); the text of each token.
        pooling: "mean" over all tokens, [CLS] and [SEP] included, or "cls": the first token.

    Returns:
        (texts, dim), float32 (float64 if `hidden` is).

    Raises:
        ValueError: another `pooling`.
    """
    if pooling == "cls":
        vectors = hidden[first]
        return vectors if vectors.dtype == torch.float64 else vectors.float()
    if pooling != "mean":
        raise ValueError(f"pooling {pooling!r} is none of {', '.join(NAME_POOLINGS)}")
    every = torch.arange(len(hidden), device=hidden.device)
    return pool_mentions(hidden, every, owner, len(first))


def pool_names(hidden: Tensor, attention_mask: Tensor, pooling: str) -> Tensor:
    """One vector a name (or any other text).

    Args:
        hidden: (names, length, dim), float; last layer.
        attention_mask: (names, length), 1 at tokens and 0 at padding.
        pooling: "mean" over all tokens, [CLS] and [SEP] included, or "cls": the first token.

    Returns:
        (names, dim), float32 (float64 if `hidden` is).

    Raises:
        ValueError: another `pooling`.
    """
    hidden = hidden if hidden.dtype == torch.float64 else hidden.float()
    if pooling == "cls":
        return hidden[:, 0]
    if pooling != "mean":
        raise ValueError(f"pooling {pooling!r} is none of {', '.join(NAME_POOLINGS)}")
    mask = attention_mask[:, :, None].to(hidden.dtype)  # (names, length, 1)
    return (hidden * mask).sum(dim=1) / mask.sum(dim=1)
