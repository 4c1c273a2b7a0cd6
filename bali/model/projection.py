"""Projection heads: the contrast is drawn in a space of its own, which is thrown away afterwards.

The heads take what only the contrast asks for, so that the vectors before them stay of use (Chen
et al. 2020, SimCLR, arXiv:2002.05709, section 4.2). Mentions and graph vectors have one each,
since they come from different encoders. The exported language model is what stands before them.
"""

from __future__ import annotations

from torch import nn

from bali.errors import InputError

PROJECTIONS = ("none", "linear", "mlp")


def build_projection(projection: str, dim: int, out: int) -> nn.Module:
    """One side's head, from (rows, dim) to (rows, out); `none` hands on (rows, dim).

    Raises:
        InputError: an unknown projection.
    """
    if projection == "none":
        return nn.Identity()
    if projection == "linear":
        return nn.Linear(dim, out)
    if projection == "mlp":
        return nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, out))
    raise InputError(f"train.projection: {projection!r} is none of {', '.join(PROJECTIONS)}")
