"""Graph encoders: vectors of a concept's subgraph -> the concept's graph vector g_v.

One interface for all variants (method.md section 2), so that a run's setting `encoder` is all that
changes between a run with the graph and its control without it:

    gat, sage               messages along the edges, from the neighbours' names to the centre
    linear-v1, linear-v2    the subgraph is a text (bali/model/linear.py): its vector is g_v
    none                    the centre's name alone: its vector is g_v
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor, nn

from bali.errors import InputError
from bali.model.message_passing import GatEncoder, SageEncoder

LINEAR = ("linear-v1", "linear-v2")
MESSAGE_PASSING = ("gat", "sage")
ENCODERS = (*MESSAGE_PASSING, *LINEAR, "none")


class GraphEncoder(Protocol):
    """What the aligner calls; an nn.Module."""

    def __call__(self, x: Tensor, edge_index: Tensor, relation: Tensor, centre: Tensor) -> Tensor:
        """Encode the centres of a disjoint union of subgraphs.

        Args:
            x: (nodes, dim), float32; vectors of names, or of texts. A concept in two subgraphs
                has two rows.
            edge_index: (2, edges), int64; rows of `x`, source above target. A message goes from
                source to target: edges point towards the centre. None is a self-loop.
            relation: (edges,), int64; what each edge says, an id of the table edge_types.
            centre: (centres,), int64; rows of `x`.

        Returns:
            (centres, dim), float32.
        """
        ...


class RowEncoder(nn.Module):
    """g_v is the vector of the centre's own row: of its name, or of its subgraph's text."""

    def forward(self, x: Tensor, edge_index: Tensor, relation: Tensor, centre: Tensor) -> Tensor:
        """See `GraphEncoder`; the edges are not looked at."""
        return x[centre]


def build_graph_encoder(
    encoder: str,
    dim: int,
    *,
    layers: int,
    heads: int,
    dropout: float,
    residual: bool,
    relations: int = 0,
    frozen: bool = False,
) -> nn.Module:
    """The graph encoder that a run's settings name; see `GatEncoder` for the arguments.

    Args:
        encoder: one of ENCODERS.
        dim: width of the language model.
        layers: of `gat` and `sage`.
        heads: of `gat`.
        dropout: of `gat` and `sage`.
        residual: of `gat` and `sage`.
        relations: of `gat`; how many relation ids there are, or 0 to leave them out.
        frozen: its weights stay as they were drawn. Gradients pass through to the names.

    Raises:
        InputError: an unknown name, or heads that do not divide `dim`.
    """
    built: nn.Module
    if encoder == "gat":
        built = GatEncoder(dim, layers, heads, dropout, residual, relations)
    elif encoder == "sage":
        built = SageEncoder(dim, layers, dropout, residual)
    elif encoder in (*LINEAR, "none"):
        built = RowEncoder()
    else:
        raise InputError(f"train.encoder: {encoder!r} is none of {', '.join(ENCODERS)}")
    return built.requires_grad_(not frozen)
