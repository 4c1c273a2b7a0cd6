"""The graph encoder: who reaches whom, and one GATv2 layer written out."""

import pytest
import torch
from torch.nn import functional as F

from bali.errors import InputError
from bali.model.graph_encoder import GatEncoder, NameEncoder, build_graph_encoder

CHAIN = torch.tensor([[1, 2], [0, 1]])  # 2 -> 1 -> 0: the edges point to the centre
CENTRE = torch.tensor([0])


def names(rows: int = 3, dim: int = 8) -> torch.Tensor:
    return torch.randn(rows, dim, generator=torch.Generator().manual_seed(0)).requires_grad_()


def gat(layers: int, *, residual: bool = False, dropout: float = 0.0) -> GatEncoder:
    torch.manual_seed(0)
    return GatEncoder(8, layers, 2, dropout, residual).eval()


def reached(layers: int, edges: torch.Tensor) -> list[bool]:
    """Which rows the centre's output depends on."""
    x = names()
    weight = torch.arange(8.0)  # a plain sum after LayerNorm would be constant
    (gat(layers)(x, edges, CENTRE) * weight).sum().backward()
    assert x.grad is not None
    return [bool(row.abs().sum() > 1e-6) for row in x.grad]


def test_two_layers_reach_the_centre_and_every_neighbour_within_two_hops():
    assert reached(2, CHAIN) == [True, True, True]


def test_one_layer_reaches_one_hop():
    assert reached(1, CHAIN) == [True, True, False]


def test_edges_carry_nothing_backwards():
    assert reached(2, CHAIN.flip(0)) == [True, False, False]


def test_one_layer_is_gatv2_with_shared_weights_as_its_paper_writes_it():
    encoder, x = gat(1), names().detach()
    (layer,) = encoder.convolutions
    assert layer.lin_l is layer.lin_r
    w = layer.lin_l(x).view(3, 2, 4)  # (nodes, heads, dim / heads)
    neighbours = [0, 1]  # of the centre: itself and 1
    score = torch.stack(
        [(F.leaky_relu(w[0] + w[j], 0.2) * layer.att[0]).sum(-1) for j in neighbours]
    )
    attention = score.softmax(dim=0)  # (neighbours, heads)
    h = sum(attention[i][:, None] * w[j] for i, j in enumerate(neighbours)).view(8) + layer.bias
    linear, norm, _ = encoder.projection
    expected = norm(linear(h))
    assert torch.allclose(encoder(x, CHAIN, CENTRE)[0], expected, atol=1e-6)


def test_residual_adds_the_centres_own_vector():
    x = names()
    plain, residual = gat(2)(x, CHAIN, CENTRE), gat(2, residual=True)(x, CHAIN, CENTRE)
    assert torch.allclose(residual, plain + x[:1], atol=1e-6)


def test_a_disjoint_union_gives_what_each_subgraph_gives_alone():
    x, encoder = names(6), gat(2)
    union = torch.cat([CHAIN, CHAIN + 3], dim=1)
    both = encoder(x, union, torch.tensor([0, 3]))
    assert torch.allclose(both[0], encoder(x[:3], CHAIN, CENTRE)[0], atol=1e-6)
    assert torch.allclose(both[1], encoder(x[3:], CHAIN, CENTRE)[0], atol=1e-6)


def test_without_a_graph_the_name_is_the_vector():
    x = names()
    assert torch.equal(NameEncoder()(x, CHAIN, torch.tensor([2, 0])), x[[2, 0]])


def test_heads_that_do_not_divide_the_width_are_the_users_mistake():
    with pytest.raises(InputError, match="3 heads do not divide the language model's width 8"):
        build_graph_encoder("gat", 8, layers=1, heads=3, dropout=0, residual=False)
