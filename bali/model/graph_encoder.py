"""Graph encoders: name vectors of a concept's subgraph -> the concept's graph vector g_v.

One interface for all variants (method.md section 2), so that a run's setting `encoder` is all that
changes between a run with the graph and its control without it.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor, nn
from torch.nn import functional as F
from torch_geometric.nn import GATv2Conv

from bali.errors import InputError


class GraphEncoder(Protocol):
    """What the aligner calls; an nn.Module."""

    def __call__(self, x: Tensor, edge_index: Tensor, centre: Tensor) -> Tensor:
        """Encode the centres of a disjoint union of subgraphs.

        Args:
            x: (nodes, dim), float32; name vectors. A concept in two subgraphs has two rows.
            edge_index: (2, edges), int64; rows of `x`, source above target. A message goes from
                source to target: edges point towards the centre.
            centre: (centres,), int64; rows of `x`.

        Returns:
            (centres, dim), float32.
        """
        ...


class NameEncoder(nn.Module):
    """The control without a graph (encoder: none): g_v is the centre's own name vector."""

    def forward(self, x: Tensor, edge_index: Tensor, centre: Tensor) -> Tensor:
        """See `GraphEncoder`; the edges are not looked at."""
        return x[centre]


class GatEncoder(nn.Module):
    """GATv2 (Brody et al. 2022, arXiv:2105.14491) over the subgraph, then a projection.

    As released: shared weights, heads concatenated at dim/heads each, self-loops, dropout then
    GELU between layers, no norm between layers; Linear, LayerNorm, Dropout on the centre's row.
    The self-loops matter: without them a centre's own name never reaches its vector. Ours is
    `residual`, which adds the centre's input vector to the output.
    """

    def __init__(self, dim: int, layers: int, heads: int, dropout: float, residual: bool) -> None:
        """Build the layers.

        Args:
            dim: width of the name vectors and of the output; a multiple of `heads`.
            layers: GATv2 layers; information travels one hop a layer.
            heads: attention heads a layer.
            dropout: of attention weights, of features between layers and of the output.
            residual: add the centre's input vector to the output.

        Raises:
            InputError: `heads` does not divide `dim`.
        """
        super().__init__()
        if dim % heads:
            raise InputError(
                f"train.heads: {heads} heads do not divide the language model's width {dim}; "
                "choose a divisor of it"
            )
        self.dropout = dropout
        self.residual = residual
        self.convolutions = nn.ModuleList(
            GATv2Conv(
                dim,
                dim // heads,
                heads=heads,
                concat=True,
                dropout=dropout,
                add_self_loops=True,
                share_weights=True,
            )
            for _ in range(layers)
        )
        self.projection = nn.Sequential(nn.Linear(dim, dim), nn.LayerNorm(dim), nn.Dropout(dropout))

    def forward(self, x: Tensor, edge_index: Tensor, centre: Tensor) -> Tensor:
        """See `GraphEncoder`."""
        h = x
        for number, convolution in enumerate(self.convolutions):
            if number:
                h = F.gelu(F.dropout(h, self.dropout, self.training))
            h = convolution(h, edge_index)
        g: Tensor = self.projection(h[centre])
        return x[centre] + g if self.residual else g


def build_graph_encoder(
    encoder: str, dim: int, *, layers: int, heads: int, dropout: float, residual: bool
) -> nn.Module:
    """The graph encoder that a run's settings name.

    Raises:
        InputError: an unknown name, or heads that do not divide `dim`.
    """
    if encoder == "none":
        return NameEncoder()
    if encoder == "gat":
        return GatEncoder(dim, layers, heads, dropout, residual)
    raise InputError(f"train.encoder: {encoder!r} is none of gat, none")
