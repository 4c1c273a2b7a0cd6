"""The joint model on a hand-made step: weights, gradients, invariances."""

import json
from typing import Any

import pytest
import torch
from tiny_training import SETTINGS, TinyInputs

from bali.model.aligner import Aligner
from bali.model.batch import Batch, GraphInput, Texts
from bali.model.masking import IGNORED
from bali.model.objectives.contrast import nt_xent
from bali.train.build import build_aligner
from bali.train.settings import Settings

# Two sentences; concept 7 twice, concept 9 once. Ids are any ordinary tokens of the tiny BERT.
SENTENCES = [[2, 10, 11, 12, 3], [2, 13, 14, 15, 16, 17, 3]]
LABELS = [[0, 20, 0, 0, 0], [0, 0, 0, 21, 0, 22, 0]]
MENTIONS = [  # sentence, tokens, concept
    (0, [2, 3], 7),
    (1, [1, 2], 7),
    (1, [4, 5], 9),
]
NAMES = {1: [2, 30, 3], 7: [2, 31, 32, 3], 8: [2, 33, 34, 3], 9: [2, 35, 36, 37, 3]}
SUBGRAPHS = {7: ([7, 1, 8], [(1, 0), (2, 1)]), 9: ([9, 8], [(1, 0)])}


def make_batch(rows: tuple[int, ...] = (0, 1, 2), concepts: tuple[int, ...] = (7, 9)) -> Batch:
    """The step, its mentions and subgraphs in some order; plain loops, no code of bali.train."""
    mentions = [MENTIONS[row] for row in rows]
    start = [0, len(SENTENCES[0])]
    nodes = sorted(NAMES, key=lambda node: len(NAMES[node]))
    member: list[int] = []
    edges: list[tuple[int, int]] = []
    centre = []
    for concept in concepts:
        first = len(member)
        centre.append(first)
        member += [nodes.index(node) for node in SUBGRAPHS[concept][0]]
        edges += [(first + a, first + b) for a, b in SUBGRAPHS[concept][1]]
    links = [(row, s, t) for row, (s, tokens, _) in enumerate(mentions) for t in tokens]
    return Batch(
        sentences=texts(SENTENCES),
        labels=torch.tensor([token or IGNORED for row in LABELS for token in row]),
        token=torch.tensor([start[s] + t for _, s, t in links]),
        group=torch.tensor([row for row, _, _ in links]),
        concept=torch.tensor([concept for _, _, concept in mentions]),
        graph=GraphInput(
            names=texts([NAMES[node] for node in nodes]),
            member=torch.tensor(member),
            edge_index=torch.tensor(edges).T,
            relation=torch.zeros(len(edges), dtype=torch.int64),
            centre=torch.tensor(centre),
            row_centre=torch.tensor([concepts.index(concept) for _, _, concept in mentions]),
            sibling=torch.empty(0, dtype=torch.int64),
        ),
    )


def edge_tensors(edges: list[tuple[int, int]]) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.tensor(edges).T, torch.zeros(len(edges), dtype=torch.int64)


def texts(ids: list[list[int]]) -> Texts:
    flat = torch.tensor([token for text in ids for token in text])
    return Texts(flat, torch.tensor([len(text) for text in ids]))


def make_aligner(tiny: TinyInputs, encoder: str = "gat", **changes: Any) -> Aligner:
    torch.manual_seed(0)
    settings = SETTINGS | {"encoder": encoder, "w_align": 2.0, "residual": False} | changes
    return build_aligner(tiny.lm, Settings.from_json(json.dumps(settings)), relations=1).eval()


def test_defect_3_both_weights_are_applied(tiny: TinyInputs):
    batch = make_batch()
    losses = make_aligner(tiny)(batch)
    assert losses.total.item() == pytest.approx(
        0.5 * losses.values["mlm"].item() + 2.0 * losses.values["align"].item(), rel=1e-6
    )
    other = make_aligner(tiny, w_align=4.0)(batch)
    assert other.total.item() - losses.total.item() == pytest.approx(
        2.0 * losses.values["align"].item(), rel=1e-4
    )


def test_the_losses_are_those_of_each_text_encoded_alone(tiny: TinyInputs):
    aligner = make_aligner(tiny)
    losses = aligner(make_batch())
    hidden = [aligner.lm(torch.tensor([s])).last_hidden_state[0] for s in SENTENCES]
    vector = {
        node: aligner.lm(torch.tensor([ids])).last_hidden_state[0].mean(dim=0)
        for node, ids in NAMES.items()
    }
    e = torch.stack([hidden[s][tokens].mean(dim=0) for s, tokens, _ in MENTIONS])
    g = []
    for _, _, concept in MENTIONS:
        nodes, edges = SUBGRAPHS[concept]
        x = torch.stack([vector[node] for node in nodes])
        g.append(aligner.graph_encoder(x, *edge_tensors(edges), torch.tensor([0]))[0])
    align = nt_xent(e, torch.stack(g), torch.tensor([7, 7, 9]), 0.07).value
    assert losses.values["align"].item() == pytest.approx(align.item(), abs=1e-5)
    assert losses.counts["align"] == 4 * 3 + 2  # k rows of a concept give 2k(2k - 1)
    terms = [
        -aligner.objectives["mlm"].head(hidden[s][position]).log_softmax(dim=0)[label]
        for s, position, label in ((0, 1, 20), (1, 3, 21), (1, 5, 22))
    ]
    assert losses.values["mlm"].item() == pytest.approx(sum(terms).item() / 3, abs=1e-5)
    assert losses.counts["mlm"] == 3


def test_the_order_of_mentions_and_of_subgraphs_does_not_matter(tiny: TinyInputs):
    aligner = make_aligner(tiny)
    plain, permuted = aligner(make_batch()), aligner(make_batch((1, 2, 0), (9, 7)))
    assert permuted.total.item() == pytest.approx(plain.total.item(), rel=1e-6)


def test_the_alignment_reaches_every_mention_token_and_every_name_of_two_hops(tiny: TinyInputs):
    aligner = make_aligner(tiny, w_mlm=0.0)
    batch = make_batch()
    aligner(batch).total.backward()
    gradient = aligner.lm.embeddings.word_embeddings.weight.grad.abs().sum(dim=1)
    mention_ids = [SENTENCES[s][t] for s, tokens, _ in MENTIONS for t in tokens]
    name_ids = [token for ids in NAMES.values() for token in ids[1:-1]]
    assert (gradient[torch.tensor(mention_ids + name_ids)] > 0).all()


def test_without_alignment_no_name_is_encoded(tiny: TinyInputs, monkeypatch: pytest.MonkeyPatch):
    aligner = make_aligner(tiny, w_align=0.0)
    monkeypatch.setattr(aligner, "encode_names", None)
    losses = aligner(make_batch())
    assert set(losses.values) == {"mlm"}
    assert losses.total.item() == pytest.approx(0.5 * losses.values["mlm"].item())


def test_without_mlm_no_head_is_run(tiny: TinyInputs):
    aligner = make_aligner(tiny, w_mlm=0.0)
    losses = aligner(make_batch())
    assert set(aligner.objectives) == {"align"}
    assert losses.total.item() == pytest.approx(2 * losses.values["align"].item())


def test_each_distinct_name_is_encoded_once(tiny: TinyInputs):
    aligner = make_aligner(tiny)
    rows = []
    aligner.lm.register_forward_hook(lambda *call: rows.append(len(call[2].last_hidden_state)))
    aligner(make_batch())
    assert sum(rows) == len(SENTENCES) + len(NAMES)


@pytest.mark.parametrize("encoder", ["gat", "none"])
def test_each_parameter_is_in_one_group(tiny: TinyInputs, encoder: str):
    aligner = make_aligner(tiny, encoder)
    of_lm, rest = aligner.parameter_groups()
    trained = {p for p in aligner.parameters() if p.requires_grad}
    assert set(of_lm) | set(rest) == trained
    assert len(of_lm) + len(rest) == len(trained)
    head = aligner.objectives["mlm"].head
    assert head.decoder.weight in set(of_lm)  # tied: the LM's embedding
    assert head.whole.cls.predictions.transform.dense.weight in set(rest)  # fresh
    assert not aligner.lm.pooler.dense.weight.requires_grad


def test_a_loaded_head_learns_at_the_rate_of_the_lm(tiny: TinyInputs):
    aligner = make_aligner(tiny)
    mlm = aligner.objectives["mlm"]
    mlm.fresh = False
    loaded = mlm.head.whole.cls.predictions.transform.dense.weight
    assert loaded in set(aligner.parameter_groups()[0])


def test_a_step_without_mentions_or_masks_costs_nothing_and_breaks_nothing(tiny: TinyInputs):
    whole = make_batch()
    nothing = torch.empty(0, dtype=torch.int64)
    batch = Batch(
        whole.sentences,
        torch.full_like(whole.labels, IGNORED),
        nothing,
        nothing,
        nothing,
        whole.graph,
    )
    losses = make_aligner(tiny)(batch)
    losses.total.backward()
    assert losses.total.item() == 0
    assert losses.counts == {"mlm": 0, "align": 0}


def test_objectives_and_weights_go_together(tiny: TinyInputs):
    aligner = make_aligner(tiny)
    objectives = dict(aligner.objectives)
    for weights in ({"mlm": 1.0}, {"mlm": 1.0, "align": 0.0}, {"mlm": 1.0, "align": 1.0, "x": 1.0}):
        with pytest.raises(ValueError, match="must go together, each weight above 0"):
            Aligner(aligner.lm, aligner.graph_encoder, objectives, weights, name_pooling="mean")
