"""Graph encoders: each formula written out in numpy, who reaches whom, what may be permuted."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bali.errors import InputError
from bali.model.graph_encoder import LINEAR, RowEncoder, build_graph_encoder
from bali.model.message_passing import GatEncoder, SageEncoder

Floats = NDArray[np.float64]

CHAIN = torch.tensor([[1, 2], [0, 1]])  # 2 -> 1 -> 0: the edges point to the centre
CENTRE = torch.tensor([0])
RELATION = torch.tensor([0, 2])
RELATIONS = 3

# Two subgraphs, of centres 0 and 4; 1 and 0 are joined by two edges of different relations, 3 has
# no edge, and 0 has five neighbours.
EDGES = torch.tensor([[1, 1, 2, 3, 6, 7, 5, 6], [0, 0, 0, 1, 0, 0, 4, 5]])
KINDS = torch.tensor([0, 1, 2, 0, 1, 1, 2, 0])
NODES, CENTRES = 8, torch.tensor([0, 4])

ENCODERS = {
    "gat": {},
    "gat with relations": {"relations": RELATIONS},
    "sage": {},
}


def names(rows: int = 3, dim: int = 8) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(rows, dim, generator=generator, dtype=torch.float64).requires_grad_()


def build(kind: str = "gat", layers: int = 2, **options: Any) -> nn.Module:
    torch.manual_seed(0)
    settings = {"layers": layers, "heads": 2, "dropout": 0.1, "residual": False}
    settings |= ENCODERS[kind] | options
    return build_graph_encoder(kind.split()[0], 8, **settings).eval().double()


def array(tensor: Tensor) -> Floats:
    return tensor.detach().numpy().astype(np.float64)


def gelu(x: Floats) -> Floats:
    return array(nn.functional.gelu(torch.from_numpy(x)))


def frame(encoder: Any, layer: Any, x: Floats, centres: list[int]) -> Floats:
    """Layers with GELU between them, then Linear and LayerNorm on the centres."""
    h = x
    for number, convolution in enumerate(encoder.convolutions):
        h = layer(convolution, gelu(h) if number else h)
    linear, norm, _ = encoder.projection
    g = h[centres] @ array(linear.weight).T + array(linear.bias)
    g = (g - g.mean(1, keepdims=True)) / np.sqrt(g.var(1, keepdims=True) + norm.eps)
    return g * array(norm.weight) + array(norm.bias)


def gatv2(encoder: GatEncoder, x: Floats) -> Floats:
    """The formula of Brody et al. 2022, node by node, neighbour by neighbour, head by head."""
    table = None if encoder.relation is None else array(encoder.relation.weight)

    def layer(convolution: Any, h: Floats) -> Floats:
        w = h @ array(convolution.lin_l.weight).T + array(convolution.lin_l.bias)
        out = np.zeros_like(h)
        for i in range(len(h)):
            incoming = [(int(EDGES[0, e]), int(KINDS[e])) for e in range(8) if EDGES[1, e] == i]
            incoming.append((i, RELATIONS))  # the self-loop and its relation
            for head in range(2):
                cut = slice(4 * head, 4 * head + 4)
                scores = []
                for j, kind in incoming:
                    s = w[i, cut] + w[j, cut]
                    if table is not None:
                        s = s + (array(convolution.lin_edge.weight) @ table[kind])[cut]
                    s = np.where(s > 0, s, 0.2 * s)
                    scores.append(float(array(convolution.att)[0, head] @ s))
                a = np.exp(np.array(scores) - max(scores))
                a /= a.sum()
                out[i, cut] = sum(
                    weight * w[j, cut] for weight, (j, _) in zip(a, incoming, strict=True)
                )
        return out + array(convolution.bias)

    return frame(encoder, layer, x, CENTRES.tolist())


def graph_sage(encoder: SageEncoder, x: Floats) -> Floats:
    """The formula of Hamilton et al. 2017 with the mean, node by node."""

    def layer(convolution: Any, h: Floats) -> Floats:
        out = np.zeros_like(h)
        for i in range(len(h)):
            incoming = [int(EDGES[0, e]) for e in range(8) if EDGES[1, e] == i]
            mean = np.mean([h[j] for j in incoming], axis=0) if incoming else np.zeros(8)
            out[i] = array(convolution.lin_r.weight) @ h[i]
            out[i] += array(convolution.lin_l.weight) @ mean + array(convolution.lin_l.bias)
        return out

    return frame(encoder, layer, x, CENTRES.tolist())


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("kind", ENCODERS)
def test_the_formula_by_another_road(kind: str, layers: int):
    encoder, x = build(kind, layers), names(NODES)
    expected = (graph_sage if kind == "sage" else gatv2)(encoder, array(x))
    assert np.allclose(array(encoder(x, EDGES, KINDS, CENTRES)), expected, atol=1e-12)


def test_gatv2_shares_its_weights_as_released():
    for convolution in build().convolutions:
        assert convolution.lin_l is convolution.lin_r


def reached(kind: str, layers: int, edges: Tensor) -> list[bool]:
    """Which rows the centre's output depends on."""
    x = names()
    weight = torch.arange(8.0)  # a plain sum after LayerNorm would be constant
    (build(kind, layers)(x, edges, RELATION, CENTRE) * weight).sum().backward()
    assert x.grad is not None
    return [bool(row.abs().sum() > 1e-9) for row in x.grad]


@pytest.mark.parametrize("kind", ENCODERS)
def test_each_layer_reaches_a_hop_and_the_centre_itself(kind: str):
    assert reached(kind, 1, CHAIN) == [True, True, False]
    assert reached(kind, 2, CHAIN) == [True, True, True]


@pytest.mark.parametrize("kind", ENCODERS)
def test_edges_carry_nothing_backwards(kind: str):
    assert reached(kind, 2, CHAIN.flip(0)) == [True, False, False]


def test_gat_without_relations_ignores_them_and_with_them_does_not():
    x, other = names(NODES), (KINDS + 1) % RELATIONS
    plain, aware = build("gat"), build("gat with relations")
    assert torch.equal(plain(x, EDGES, KINDS, CENTRES), plain(x, EDGES, other, CENTRES))
    difference = aware(x, EDGES, KINDS, CENTRES) - aware(x, EDGES, other, CENTRES)
    assert (difference.abs().sum(dim=1) > 1e-3).all()


def test_every_relation_that_occurs_and_that_of_the_self_loops_learns():
    encoder = build("gat with relations")
    g = encoder(names(NODES), EDGES[:, KINDS != 1], KINDS[KINDS != 1], CENTRES)
    (g * torch.arange(8.0)).sum().backward()
    learns = encoder.relation.weight.grad.abs().sum(dim=1) > 0
    assert learns.tolist() == [True, False, True, True]


@pytest.mark.parametrize("kind", ENCODERS)
def test_the_order_of_centres_nodes_and_edges_does_not_matter(kind: str):
    encoder, x = build(kind), names(NODES)
    plain = encoder(x, EDGES, KINDS, CENTRES)
    assert torch.allclose(encoder(x, EDGES, KINDS, CENTRES.flip(0)), plain.flip(0))
    edge = torch.tensor([3, 0, 7, 5, 1, 2, 6, 4])
    assert torch.allclose(encoder(x, EDGES[:, edge], KINDS[edge], CENTRES), plain)
    node = torch.tensor([5, 2, 7, 0, 1, 6, 3, 4])
    place = node.argsort()  # where each node stands now
    assert torch.allclose(encoder(x[node], place[EDGES], KINDS, place[CENTRES]), plain)


@pytest.mark.parametrize("kind", ENCODERS)
def test_a_disjoint_union_gives_what_each_subgraph_gives_alone(kind: str):
    x, encoder = names(6), build(kind)
    union = torch.cat([CHAIN, CHAIN + 3], dim=1)
    both = encoder(x, union, RELATION.repeat(2), torch.tensor([0, 3]))
    assert torch.allclose(both[0], encoder(x[:3], CHAIN, RELATION, CENTRE)[0])
    assert torch.allclose(both[1], encoder(x[3:], CHAIN, RELATION, CENTRE)[0])


@pytest.mark.parametrize("kind", ENCODERS)
def test_residual_adds_the_centres_own_vector(kind: str):
    x = names()
    plain, residual = (
        build(kind, residual=value)(x, CHAIN, RELATION, CENTRE) for value in (False, True)
    )
    assert torch.allclose(residual, plain + x[:1])


@pytest.mark.parametrize("kind", ENCODERS)
def test_a_frozen_encoder_learns_nothing_but_the_names_do(kind: str):
    encoder, x = build(kind, frozen=True), names()
    (encoder(x, CHAIN, RELATION, CENTRE) * torch.arange(8.0)).sum().backward()
    assert all(p.grad is None and not p.requires_grad for p in encoder.parameters())
    assert (x.grad.abs().sum(dim=1) > 0).all()
    free = build(kind)
    weights = free.state_dict()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in encoder.state_dict().items())


@pytest.mark.parametrize("kind", ["none", *LINEAR])
def test_without_messages_the_vector_of_the_row_is_the_graph_vector(kind: str):
    x = names()
    encoder = build_graph_encoder(kind, 8, layers=2, heads=2, dropout=0.1, residual=True)
    assert isinstance(encoder, RowEncoder)
    assert torch.equal(encoder(x, CHAIN, RELATION, torch.tensor([2, 0])), x[[2, 0]])


def test_heads_that_do_not_divide_the_width_are_the_users_mistake():
    with pytest.raises(InputError, match="3 heads do not divide the language model's width 8"):
        build_graph_encoder("gat", 8, layers=1, heads=3, dropout=0, residual=False)


def test_an_unknown_encoder_is_named():
    with pytest.raises(InputError, match="'gcn' is none of gat, sage, linear-v1, linear-v2, none"):
        build_graph_encoder("gcn", 8, layers=1, heads=2, dropout=0, residual=False)
