"""Link prediction: scores against torch-geometric's, the loss against its formula as loops."""

import math

import pytest
import torch
from torch import Tensor
from torch_geometric.nn import kge

from bali.model.objectives.link import SCORES, link_loss

DIM, RELATIONS = 6, 3
HEAD = torch.tensor([0, 1, 1, 3, 3, 4])  # of 5 names
RELATION = torch.tensor([0, 0, 2, 1, 1, 1])
ROW = torch.tensor([0, 2, 1, 3, 2, 2])  # of 4 mention rows


def units(rows: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.randn(rows, DIM, generator=generator, dtype=torch.float64)
    return torch.nn.functional.normalize(vectors, dim=1)


def scorer(kind: str) -> torch.nn.Module:
    score = SCORES[kind](RELATIONS, DIM).double()
    with torch.no_grad():
        score.relation.weight.normal_(generator=torch.Generator().manual_seed(3))
    return score


def geometric(kind: str, score: torch.nn.Module, entities: Tensor) -> torch.nn.Module:
    """The same score by torch-geometric, over the same vectors."""
    count = len(entities)
    relation = score.relation.weight.data
    if kind == "rotate":
        other = kge.RotatE(count, RELATIONS, DIM // 2, margin=0.0).double()
        other.node_emb.weight.data, other.node_emb_im.weight.data = entities.chunk(2, dim=1)
    elif kind == "transe":
        other = kge.TransE(count, RELATIONS, DIM, p_norm=2.0).double()
        other.node_emb.weight.data = entities
    else:
        other = kge.DistMult(count, RELATIONS, DIM).double()
        other.node_emb.weight.data = entities
    other.rel_emb.weight.data = relation
    return other


@pytest.mark.parametrize("kind", SCORES)
def test_scores_are_those_of_torch_geometric_whichever_end_is_asked_for(kind: str):
    name, mention = units(5, 1), units(4, 2)
    score = scorer(kind)
    other = geometric(kind, score, torch.cat([name, mention]))
    of_tails = score(name[HEAD], RELATION, mention, False)  # (triples, 4)
    of_heads = score(mention[ROW], RELATION, name, True)  # (triples, 5)
    for triple in range(len(HEAD)):
        r = RELATION[[triple]]
        for row in range(4):
            expected = other(HEAD[[triple]], r, torch.tensor([5 + row])).item()
            assert of_tails[triple, row].item() == pytest.approx(expected, abs=1e-9)
        for head in range(5):
            expected = other(torch.tensor([head]), r, 5 + ROW[[triple]]).item()
            assert of_heads[triple, head].item() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("kind", SCORES)
def test_a_relation_begins_as_the_identity(kind: str):
    name, mention = units(5, 1), units(4, 2)
    scores = SCORES[kind](RELATIONS, DIM).double()(name[HEAD], RELATION, mention, False)
    cosine = name[HEAD] @ mention.T
    expected = cosine if kind == "distmult" else -(2 - 2 * cosine).sqrt()
    assert torch.allclose(scores, expected)


@pytest.mark.parametrize("kind", SCORES)
def test_the_loss_is_its_formula_and_confirmed_triples_are_no_negatives(kind: str):
    name, mention, score = units(5, 1), units(4, 2), scorer(kind)
    other = geometric(kind, score, torch.cat([name, mention]))

    def s(head: int, relation: int, row: int) -> float:
        ends = torch.tensor([head]), torch.tensor([relation]), torch.tensor([5 + row])
        return math.exp(other(*ends).item() / 0.5)

    triples = list(zip(HEAD.tolist(), RELATION.tolist(), ROW.tolist(), strict=True))
    terms, confirmed = [], 0
    for h, r, t in triples:
        tails = [w for w in range(4) if w == t or (h, r, w) not in triples]
        heads = [w for w in range(5) if w == h or (w, r, t) not in triples]
        confirmed += 9 - len(tails) - len(heads)
        terms.append(-math.log(s(h, r, t) / sum(s(h, r, w) for w in tails)))
        terms.append(-math.log(s(h, r, t) / sum(s(w, r, t) for w in heads)))
    assert confirmed == 4  # two tails of one head, and two heads of one tail
    loss = link_loss(score, name, mention, HEAD, RELATION, ROW, 0.5)
    assert loss.item() == pytest.approx(sum(terms) / len(terms), abs=1e-9)


def test_two_candidates_by_hand():
    # cosines: the true tail 1, the other 0; the true head 1, the other 0
    eye = torch.eye(2, dtype=torch.float64)
    score = SCORES["distmult"](1, 2).double()
    zero = torch.zeros(1, dtype=torch.int64)
    loss = link_loss(score, eye, eye, zero, zero, zero, 1.0)
    assert loss.item() == pytest.approx(math.log(1 + 1 / math.e), abs=1e-12)


@pytest.mark.parametrize("kind", SCORES)
def test_gradcheck_of_vectors_relations_and_temperature(kind: str):
    score = scorer(kind)
    inputs = [units(5, 1).requires_grad_(), units(4, 2).requires_grad_()]
    temperature = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    weight = score.relation.weight
    assert torch.autograd.gradcheck(
        lambda n, m, t, w: link_loss(score, n, m, HEAD, RELATION, ROW, t),
        (*inputs, temperature, weight),
    )


@pytest.mark.parametrize("kind", SCORES)
def test_defect_4_the_score_is_in_the_loss(kind: str):
    name, mention, score = units(5, 1), units(4, 2), scorer(kind)
    loss = link_loss(score, name, mention, HEAD, RELATION, ROW, 0.5)
    loss.backward()
    assert (score.relation.weight.grad.abs().sum(dim=1) > 1e-4).all()  # of every relation
    with torch.no_grad():
        score.relation.weight.sub_(0.1 * score.relation.weight.grad)
    assert link_loss(score, name, mention, HEAD, RELATION, ROW, 0.5) < loss


def test_an_odd_width_is_refused():
    with pytest.raises(ValueError, match="even width, not 5"):
        SCORES["rotate"](1, 5)
