"""Graph encoders that pass messages along the edges of a subgraph: GATv2 and GraphSAGE.

Both stand in the same frame, the released model's: dropout and GELU between layers, no norm
between them; Linear, LayerNorm and Dropout on the centre's row. Ours is `residual`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch_geometric.nn import GATv2Conv, SAGEConv

from bali.errors import InputError


class MessagePassing(nn.Module, ABC):
    """The frame; a subclass has the layers."""

    def __init__(
        self, convolutions: list[nn.Module], dim: int, dropout: float, residual: bool
    ) -> None:
        """Build what stands around the layers.

        Args:
            convolutions: the layers; information travels one hop a layer.
            dim: width of the name vectors and of the output.
            dropout: of features between layers and of the output.
            residual: add the centre's input vector to the output.
        """
        super().__init__()
        self.dropout = dropout
        self.residual = residual
        self.convolutions = nn.ModuleList(convolutions)
        self.projection = nn.Sequential(nn.Linear(dim, dim), nn.LayerNorm(dim), nn.Dropout(dropout))

    def forward(self, x: Tensor, edge_index: Tensor, relation: Tensor, centre: Tensor) -> Tensor:
        """See `GraphEncoder`."""
        edges = self.edges(len(x), edge_index, relation)
        h = x  # (nodes, dim)
        for number, convolution in enumerate(self.convolutions):
            if number:
                h = F.gelu(F.dropout(h, self.dropout, self.training))
            h = convolution(h, *edges)
        g: Tensor = self.projection(h[centre])  # (centres, dim)
        return x[centre] + g if self.residual else g

    @abstractmethod
    def edges(self, nodes: int, edge_index: Tensor, relation: Tensor) -> tuple[Tensor, ...]:
        """What each layer is called with beside the nodes' vectors."""


class GatEncoder(MessagePassing):
    """GATv2 (Brody et al. 2022, arXiv:2105.14491), head h of a layer, node i.

        a_ij = softmax over j of  a_h . LeakyReLU(W_h x_i + W_h x_j + U_h r_ij)
        x'_i = sum over j of  a_ij W_h x_j + b_h

    j runs over the neighbours of i and i itself: without these self-loops a centre's own name
    never reached its vector. The heads are concatenated at dim/heads each and W is shared between
    i and j, as released. r_ij is there with `relations` only: an embedding of the edge's relation,
    one table for all layers; the self-loops have a relation of their own, the last.
    """

    def __init__(
        self, dim: int, layers: int, heads: int, dropout: float, residual: bool, relations: int = 0
    ) -> None:
        """Build the layers.

        Args:
            dim: as for `MessagePassing`; a multiple of `heads`.
            layers: GATv2 layers.
            heads: attention heads a layer.
            dropout: as for `MessagePassing`, and of the attention weights.
            residual: as for `MessagePassing`.
            relations: relation ids of the graph; 0 leaves relations out.

        Raises:
            InputError: `heads` does not divide `dim`.
        """
        if dim % heads:
            raise InputError(
                f"train.heads: {heads} heads do not divide the language model's width {dim}; "
                "choose a divisor of it"
            )
        convolutions: list[nn.Module] = [
            GATv2Conv(
                dim,
                dim // heads,
                heads=heads,
                dropout=dropout,
                add_self_loops=False,  # added once for all layers, with a relation of their own
                edge_dim=dim if relations else None,
                share_weights=True,
            )
            for _ in range(layers)
        ]
        super().__init__(convolutions, dim, dropout, residual)
        self.relations = relations
        self.relation = nn.Embedding(relations + 1, dim) if relations else None

    def edges(self, nodes: int, edge_index: Tensor, relation: Tensor) -> tuple[Tensor, ...]:
        """The edges and self-loops, and the relation of each as a vector if there are relations."""
        itself = torch.arange(nodes, device=edge_index.device)
        ends = torch.cat([edge_index, itself.expand(2, -1)], dim=1)  # (2, edges + nodes)
        if self.relation is None:
            return (ends,)
        own = relation.new_full((nodes,), self.relation.num_embeddings - 1)
        return ends, self.relation(torch.cat([relation, own]))  # (edges + nodes, dim)


class SageEncoder(MessagePassing):
    """GraphSAGE with the mean (Hamilton et al. 2017, arXiv:1706.02216), a layer, node i.

        x'_i = W x_i + V (mean of x_j over the neighbours j of i) + b

    The mean of no neighbours is 0. Relations are not looked at.
    """

    def __init__(self, dim: int, layers: int, dropout: float, residual: bool) -> None:
        """Build the layers; arguments as for `MessagePassing`."""
        convolutions: list[nn.Module] = [SAGEConv(dim, dim, aggr="mean") for _ in range(layers)]
        super().__init__(convolutions, dim, dropout, residual)

    def edges(self, nodes: int, edge_index: Tensor, relation: Tensor) -> tuple[Tensor, ...]:
        """The edges alone: W is what a self-loop would be."""
        return (edge_index,)
