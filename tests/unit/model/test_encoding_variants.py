"""The joint model's variants on one step: what each reads, and whom its gradient reaches."""

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from tiny_training import SETTINGS, WORDS, TinyInputs

from bali.errors import InputError
from bali.model.aligner import Aligner
from bali.model.batch import Batch, Texts
from bali.model.tokenizer import load_tokenizer
from bali.model.views import Views
from bali.train.build import build_aligner
from bali.train.data import TrainingData
from bali.train.hierarchy import Hierarchy
from bali.train.linear import Writer
from bali.train.names import Names
from bali.train.sentences import Vocabulary
from bali.train.settings import Settings
from bali.train.soft import SoftLinks
from bali.train.subgraphs import Subgraphs
from bali.train.synonyms import SynonymPairs

NOT_LINEAR = {
    "gat": {},
    "gat with relations": {"relations": "embedding"},
    "sage": {"encoder": "sage"},
    "frozen": {"freeze_graph": True},
    "attention": {"mention_pooling": "attention"},
    "layer 1": {"hidden_layer": 1},
    "mlp": {"projection": "mlp"},
}
LINEAR = {"linear v1": {"encoder": "linear-v1"}, "linear v2": {"encoder": "linear-v2"}}


def settings_of(changes: dict[str, Any]) -> Settings:
    # not masked, so that a mention's token is in the sentence
    whole = SETTINGS | {"w_mlm": 0.0, "mask_share": 0.0, "residual": False} | changes
    return Settings.from_json(json.dumps(whole))


def make_aligner(tiny: TinyInputs, **changes: Any) -> Aligner:
    torch.manual_seed(0)
    return build_aligner(tiny.lm, settings_of(changes), relations=3).eval()


def make_batch(tiny: TinyInputs, items: list[int], encoder: str = "gat", **options: Any) -> Batch:
    subgraphs = Subgraphs(tiny.subgraphs)
    writer = None
    if encoder.startswith("linear"):
        writer = Writer.of(
            tiny.edge_types,
            load_tokenizer(tiny.lm),
            encoder=encoder,
            max_tokens=40,
            relations=subgraphs.relations,
        )
    data = TrainingData(
        tiny.train,
        Vocabulary(np.array([0, 1, 2, 3, 4]), 4, 60),
        names=Names(tiny.names, subgraphs.nodes),
        subgraphs=subgraphs,
        use_graph=True,
        mask_share=0.0,
        batch_size=8,
        seed=1,
        **options,
        writer=writer,
    )
    return data.batch(np.array(items), 1, 0)


def input_gradient(aligner: Aligner, batch: Batch) -> Callable[[Texts], torch.Tensor]:
    """A function from texts of the step to the norm of the loss's gradient at each token."""
    taken: list[tuple[torch.Tensor, torch.Tensor]] = []  # ids of the packed rows, their vectors

    def keep(module: Any, args: Any, output: torch.Tensor) -> None:
        output.retain_grad()
        taken.append((args[0], output))

    handle = aligner.lm.get_input_embeddings().register_forward_hook(keep)
    aligner(batch).total.backward()
    handle.remove()

    def norms(texts: Texts) -> torch.Tensor:
        (gradient,) = (
            vectors.grad for ids, vectors in taken if torch.equal(ids, texts.ids[texts.rows.token])
        )
        return gradient.norm(dim=2).flatten()[texts.rows.place]

    return norms


@pytest.mark.parametrize("changes", [*NOT_LINEAR.values(), *LINEAR.values()],
                         ids=[*NOT_LINEAR, *LINEAR])  # fmt: skip
def test_the_gradient_reaches_every_mention_token_and_every_name(tiny: TinyInputs, changes: dict):
    batch = make_batch(tiny, [0, 1, 2, 3], changes.get("encoder", "gat"))
    gradient = input_gradient(make_aligner(tiny, **changes), batch)
    assert (gradient(batch.sentences)[batch.token] > 0).all()
    # each token of each name, of centres and of neighbours
    assert (gradient(batch.graph.written or batch.graph.names) > 0).all()


@pytest.mark.parametrize("objective", ["synonyms", "hierarchy", "soft"])
def test_the_gradient_reaches_every_name_drawn_from_the_whole_graph(
    tiny: TinyInputs, objective: str
):
    names = Names(tiny.names, len(WORDS))
    hierarchy = Hierarchy(tiny.hierarchy, names, 6, 2)
    soft = SoftLinks(tiny.soft_links, names, 5, 2)
    drawn = {"synonyms": SynonymPairs(names, 6), "hierarchy": hierarchy, "soft": soft}
    batch = make_batch(tiny, [0, 1], **drawn)
    aligner = make_aligner(tiny, w_align=0.0, **{f"w_{objective}": 1.0})
    texts = getattr(batch, objective).names
    assert (input_gradient(aligner, batch)(texts) > 0).all()


@pytest.mark.parametrize("changes", [*NOT_LINEAR.values(), *LINEAR.values(), {"encoder": "none"}],
                         ids=[*NOT_LINEAR, *LINEAR, "names only"])  # fmt: skip
def test_a_permutation_of_the_sentences_permutes_the_mentions_and_keeps_the_loss(
    tiny: TinyInputs, changes: dict
):
    aligner, encoder = make_aligner(tiny, **changes), changes.get("encoder", "gat")
    one, other = (make_batch(tiny, items, encoder) for items in ([0, 4, 7, 10], [7, 10, 4, 0]))
    with torch.no_grad():
        plain, permuted = Views(one, aligner), Views(other, aligner)
        by_concept = [
            dict(zip(views.concept.tolist(), views.mention, strict=True))
            for views in (plain, permuted)
        ]
        assert by_concept[0].keys() == by_concept[1].keys()
        assert len(by_concept[0]) == len(one.concept)
        for concept, vector in by_concept[0].items():
            assert torch.allclose(vector, by_concept[1][concept], atol=1e-5)
        assert aligner(one).total.item() == pytest.approx(aligner(other).total.item(), abs=1e-5)


@pytest.mark.parametrize("changes", LINEAR.values(), ids=LINEAR)
def test_a_linear_encoder_takes_the_cls_vector_of_each_subgraphs_text(
    tiny: TinyInputs, changes: dict
):
    aligner, batch = make_aligner(tiny, **changes), make_batch(tiny, [0, 5], changes["encoder"])
    views = Views(batch, aligner)
    texts = batch.graph.written
    with torch.no_grad():
        expected = torch.stack([
            aligner.lm(ids[None]).last_hidden_state[0, 0]
            for ids in texts.ids.split(texts.lengths.tolist())
        ])  # fmt: skip
        assert torch.allclose(views.graph, expected, atol=1e-5)
    assert "name" not in vars(views)  # the names are in the texts; alone, nobody asked for them
    assert len(views.graph) == len(set(batch.concept.tolist()))


def test_names_that_nothing_reads_are_not_in_the_step(tiny: TinyInputs):
    whole = make_batch(tiny, [0, 1, 2], "linear-v1")
    batch = make_batch(tiny, [0, 1, 2], "linear-v1", encode_names=False)
    aligner = make_aligner(tiny, encoder="linear-v1")
    assert len(whole.graph.names) > len(batch.graph.names) == 0
    assert torch.equal(whole.graph.written.ids, batch.graph.written.ids)
    assert torch.equal(aligner(whole).total, aligner(batch).total)


def test_the_texts_say_who_is_related_to_whom(tiny: TinyInputs):
    batch = make_batch(tiny, [1], "linear-v1")  # mentions node 1, calor
    texts = batch.graph.written
    (text,) = load_tokenizer(tiny.lm).batch_decode(texts.ids.split(texts.lengths.tolist()))
    arm = "( of the arm)?"
    left = f"brim{arm} was seen in calor{arm} \\[SEP\\] mirk{arm} with brim{arm} \\[SEP\\]"
    right = f"dask{arm} had more calor{arm} \\[SEP\\]"
    assert any(
        re.search(f"^\\[CLS\\] calor{arm} \\[SEP\\] {side}$", text) for side in (left, right)
    )


@pytest.mark.parametrize("layer", [0, 1, 2, -1])
def test_mentions_and_names_are_pooled_from_the_chosen_layer_and_the_mlm_from_the_last(
    tiny: TinyInputs, layer: int
):
    aligner, batch = make_aligner(tiny, hidden_layer=layer), make_batch(tiny, [0, 1])
    views = Views(batch, aligner)
    with torch.no_grad():
        whole = [
            aligner.lm(ids[None], output_hidden_states=True)
            for ids in batch.sentences.ids.split(batch.sentences.lengths.tolist())
        ]
        last = torch.cat([output.last_hidden_state[0] for output in whole])
        assert torch.allclose(views.hidden, last, atol=1e-5)
        chosen = torch.cat([output.hidden_states[layer][0] for output in whole])
        mention = [
            chosen[batch.token[batch.group == row]].mean(dim=0) for row in range(len(batch.concept))
        ]
        assert torch.allclose(views.mention, torch.stack(mention), atol=1e-5)
        ids = batch.graph.names.ids[: batch.graph.names.lengths[0]]
        name = aligner.lm(ids[None], output_hidden_states=True).hidden_states[layer][0]
        assert torch.allclose(views.name[0], name.mean(dim=0), atol=1e-5)


def test_the_heads_stand_in_the_loss_alone_and_learn_at_the_rate_of_the_rest(tiny: TinyInputs):
    aligner, batch = make_aligner(tiny, projection="linear"), make_batch(tiny, [0, 1, 2])
    views = Views(batch, aligner)
    with torch.no_grad():
        assert views.mention.shape[1] == views.graph.shape[1] == 32
    align = aligner.objectives["align"]
    heads = [*align.left_head.parameters(), *align.right_head.parameters()]
    assert align.left_head.weight.shape == (16, 32)
    aligner(batch).total.backward()
    # a bias added to both sides of a cosine has a gradient too
    assert all(p.grad.abs().sum() > 0 for p in heads)
    assert set(heads) <= set(aligner.parameter_groups()[1])


def test_autocast_rounds_no_head(tiny: TinyInputs):
    aligner, batch = make_aligner(tiny, projection="mlp"), make_batch(tiny, [0, 1, 2])
    views = Views(batch, aligner)
    with torch.no_grad():
        plain = aligner.objectives["align"](views).value  # the views are computed here, in float32
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(aligner.objectives["align"](views).value, plain)


def test_a_frozen_graph_encoder_is_in_no_group(tiny: TinyInputs):
    aligner = make_aligner(tiny, freeze_graph=True)
    of_lm, rest = aligner.parameter_groups()
    assert not set(aligner.graph_encoder.parameters()) & {*of_lm, *rest}


@pytest.mark.parametrize("layer", [3, 9])
def test_a_layer_that_is_not_there_is_named(tiny: TinyInputs, layer: int):
    with pytest.raises(InputError, match=f"hidden_layer: {layer}, but the language model has 2"):
        make_aligner(tiny, hidden_layer=layer)


def test_texts_longer_than_the_model_reads_are_refused(tiny: TinyInputs):
    with pytest.raises(InputError, match="linear_tokens: 200, but the language model has 128"):
        make_aligner(tiny, encoder="linear-v1", linear_tokens=200)
