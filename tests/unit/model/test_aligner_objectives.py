"""What each objective looks at in a hand-made step, and what the settings make of it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from test_aligner import MENTIONS, NAMES, SENTENCES, make_aligner, make_batch, texts
from tiny_training import TinyInputs
from torch import Tensor
from torch.nn import functional as F

from bali.model.aligner import Aligner
from bali.model.batch import Batch, Links, SynonymInput
from bali.model.objectives.contrast import MARGIN, info_nce, multi_similarity, nt_xent
from bali.model.objectives.link import link_loss
from bali.model.views import Views


def test_the_mention_is_compared_with_its_own_name_as_the_lm_encodes_it(tiny: TinyInputs):
    aligner = make_aligner(tiny, w_mlm=0.0, w_align=0.0, w_own_name=1.0)
    hidden = [aligner.lm(torch.tensor([s])).last_hidden_state[0] for s in SENTENCES]
    e = torch.stack([hidden[s][tokens].mean(dim=0) for s, tokens, _ in MENTIONS])
    x = torch.stack(
        [
            aligner.lm(torch.tensor([NAMES[c]])).last_hidden_state[0].mean(dim=0)
            for *_, c in MENTIONS
        ]
    )
    losses = aligner(make_batch())
    expected = nt_xent(e, x, torch.tensor([7, 7, 9])).value
    assert losses.values["own_name"].item() == pytest.approx(expected.item(), abs=1e-5)
    assert aligner.graph_encoder is None


def test_objectives_share_one_run_of_the_language_model(tiny: TinyInputs):
    aligner = make_aligner(tiny, w_own_name=1.0)
    rows = []
    aligner.lm.register_forward_hook(lambda *call: rows.append(len(call[2].last_hidden_state)))
    losses = aligner(make_batch())
    assert sum(rows) == len(SENTENCES) + len(NAMES)
    weights = {"mlm": 0.5, "align": 2.0, "own_name": 1.0}
    total = sum(weight * losses.values[name].item() for name, weight in weights.items())
    assert losses.total.item() == pytest.approx(total, rel=1e-6)


def test_siblings_are_negatives_of_the_graph_side(tiny: TinyInputs):
    aligner = make_aligner(tiny, w_mlm=0.0)
    batch = make_batch()
    plain = aligner(batch).values["align"]
    e, g = views_of(aligner, batch)
    # the subgraph of concept 9 stands there a second time, as if of a concept that no row is about
    graph = replace(
        batch.graph,
        member=torch.cat([batch.graph.member, batch.graph.member[3:]]),
        edge_index=torch.cat([batch.graph.edge_index, batch.graph.edge_index[:, 2:] + 2], dim=1),
        relation=torch.zeros(4, dtype=torch.int64),
        centre=torch.tensor([0, 3, 5]),
        sibling=torch.tensor([2]),
    )
    losses = aligner(replace(batch, graph=graph))
    expected = nt_xent(e, g, batch.concept, 0.07, others=g[2:]).value
    assert losses.values["align"].item() == pytest.approx(expected.item(), abs=1e-5)
    assert losses.values["align"].item() > plain.item()


def views_of(aligner: Aligner, batch: Batch) -> tuple[Tensor, Tensor]:
    views = Views(batch, aligner)
    return views.mention, views.graph[batch.graph.row_centre]


@pytest.mark.parametrize("objective", ["align", "own_name"])
@pytest.mark.parametrize(
    ("changes", "loss", "options"),
    [
        ({"align_loss": "infonce"}, info_nce, {"temperature": 0.07}),
        ({"align_loss": "multi_similarity"}, multi_similarity, {}),
        ({"align_mean": "concepts"}, nt_xent, {"temperature": 0.07, "by_concept": True}),
        ({"temperature": 0.5}, nt_xent, {"temperature": 0.5}),
    ],
)
def test_the_settings_choose_the_loss(
    tiny: TinyInputs, objective: str, changes: dict, loss: Callable, options: dict
):
    aligner = make_aligner(tiny, w_own_name=1.0, **changes)
    batch = make_batch()
    views = Views(batch, aligner)
    right = {"align": views.graph, "own_name": views.centre_name}[objective]
    expected = loss(views.mention, right[batch.graph.row_centre], batch.concept, **options).value
    found = aligner(batch).values[objective].item()
    assert found == pytest.approx(expected.item(), abs=1e-5)
    assert found != pytest.approx(
        make_aligner(tiny, w_own_name=1.0)(batch).values[objective].item()
    )


def test_the_settings_choose_the_mining_of_synonyms(tiny: TinyInputs):
    aligner = make_aligner(tiny, w_synonyms=1.0, synonyms_mining="hard")
    # two concepts whose names are alike, one by one: nothing of them is easy but the pull
    names = [NAMES[1], NAMES[7], NAMES[1], NAMES[7]]
    synonyms = SynonymInput(texts(names), torch.tensor([4, 5]))
    losses = aligner(replace(make_batch(), synonyms=synonyms))
    x = torch.stack([aligner.lm(torch.tensor([n])).last_hidden_state[0].mean(dim=0) for n in names])
    mined, plain = (
        multi_similarity(x[:2], x[2:], synonyms.concept, margin=margin).value.item()
        for margin in (MARGIN, None)
    )
    assert losses.values["synonyms"].item() == pytest.approx(mined, abs=1e-5)
    assert mined < plain - 0.01


def test_a_learnt_temperature_is_watched_and_gets_a_gradient_at_the_rate_of_all_else(
    tiny: TinyInputs,
):
    aligner = make_aligner(tiny, temperature_learnt=True)
    losses = aligner(make_batch())
    assert losses.watched == {"align.temperature": pytest.approx(0.07)}
    losses.total.backward()
    theta = aligner.objectives["align"].temperature.theta
    assert theta.grad != 0
    assert any(parameter is theta for parameter in aligner.parameter_groups()[1])


def test_synonyms_alone_encode_their_names_and_nothing_else(tiny: TinyInputs):
    changes = {"w_mlm": 0.0, "w_align": 0.0, "w_synonyms": 3.0}
    aligner = make_aligner(tiny, **changes, synonyms_loss="multi_similarity")
    rows = []
    aligner.lm.register_forward_hook(lambda *call: rows.append(len(call[2].last_hidden_state)))
    names = [NAMES[1], NAMES[7], NAMES[8], NAMES[9]]  # concepts 4 and 5: 1 and 8, 7 and 9
    synonyms = SynonymInput(texts(names), torch.tensor([4, 5]))
    losses = aligner(replace(make_batch(), graph=None, synonyms=synonyms))
    assert sum(rows) == len(synonyms.names.rows.token)
    x = torch.stack([aligner.lm(torch.tensor([n])).last_hidden_state[0].mean(dim=0) for n in names])
    expected = multi_similarity(x[:2], x[2:], torch.tensor([4, 5]))
    assert losses.values["synonyms"].item() == pytest.approx(expected.value.item(), abs=1e-5)
    assert losses.counts == {"synonyms": 4}
    assert losses.total.item() == pytest.approx(3 * expected.value.item(), rel=1e-5)


def test_links_lead_from_a_neighbours_name_to_the_mention(tiny: TinyInputs):
    aligner = make_aligner(tiny, w_mlm=0.0, w_align=0.0, w_link=1.0, link_score="distmult")
    batch = make_batch()
    # 1 -> 7 for both mention rows of 7, and 8 -> 9
    nodes = sorted(NAMES, key=lambda node: len(NAMES[node]))
    head = torch.tensor([nodes.index(1), nodes.index(1), nodes.index(8)])
    links = Links(head, torch.zeros(3, dtype=torch.int64), torch.tensor([0, 1, 2]))
    losses = aligner(replace(batch, links=links))
    views = Views(batch, aligner)
    name, mention = (F.normalize(x, dim=1) for x in (views.name, views.mention))
    score = aligner.objectives["link"].score
    expected = link_loss(score, name, mention, links.head, links.relation, links.row, 0.07)
    assert losses.values["link"].item() == pytest.approx(expected.item(), abs=1e-5)
    assert losses.counts == {"link": 3}
    losses.total.backward()
    assert score.relation.weight.grad.any()


@pytest.mark.parametrize(
    ("view", "what"),
    [
        ("name", "names and a graph"),
        ("written", "texts of subgraphs"),
        ("synonym", "synonyms"),
        ("kind", "parents"),
        ("links", "triples"),
    ],
)
def test_what_a_step_was_made_without_is_named(tiny: TinyInputs, view: str, what: str):
    batch = make_batch()
    batch = batch if view == "written" else replace(batch, graph=None)
    with pytest.raises(ValueError, match=f"needs {what}, but the step was made without them"):
        getattr(Views(batch, make_aligner(tiny)), view)
