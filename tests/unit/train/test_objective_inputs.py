"""What auxiliary objectives need of a step: synonyms, siblings, triples, masked mentions."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from test_train_run import load_data_of
from test_training_data import VOCABULARY, load, names_in, split
from tiny_training import SETTINGS, WORDS, TinyInputs

from bali.errors import InputError
from bali.model.masking import IGNORED
from bali.model.tokenizer import load_tokenizer
from bali.storage import from_columns, map_ipc, read_table, write_ipc, write_table
from bali.train.hierarchy import Hierarchy
from bali.train.inspection import batch_tensors
from bali.train.names import Names
from bali.train.run import vocabulary_of
from bali.train.settings import Settings
from bali.train.siblings import draw_siblings
from bali.train.soft import SoftLinks
from bali.train.subgraphs import Subgraphs
from bali.train.synonyms import SynonymPairs

MASK = VOCABULARY.mask_id


def pairs_of(tiny: TinyInputs, number: int) -> SynonymPairs:
    return SynonymPairs(Names(tiny.names, len(WORDS)), number)


def test_synonyms_are_two_different_names_of_distinct_concepts(tiny: TinyInputs):
    synonyms = pairs_of(tiny, 8).draw(29, 1, 0)
    concepts = synonyms.concept.tolist()
    names = names_in(tiny, synonyms.names)
    assert concepts == sorted(set(concepts))
    assert len(names) == 2 * len(concepts)
    for concept, one, other in zip(concepts, names, names[len(concepts) :], strict=False):
        assert one != other
        assert {one.split()[0], other.split()[0]} == {WORDS[concept]}


def test_synonyms_are_drawn_by_seed_epoch_and_step_over_all_concepts_and_names(tiny: TinyInputs):
    draw = pairs_of(tiny, 4).draw
    assert torch.equal(draw(29, 1, 0).names.ids, draw(29, 1, 0).names.ids)
    assert len({str(draw(*keys).concept) for keys in ((29, 1, 0), (29, 1, 1), (30, 1, 0))}) == 3
    steps = [draw(29, 1, step) for step in range(60)]
    assert {node for step in steps for node in step.concept.tolist()} == set(range(len(WORDS)))
    firsts = {names_in(tiny, step.names)[0].count(" ") for step in steps}
    assert firsts == {0, 3}  # the short name and the long one


def test_concepts_with_one_name_have_no_synonyms(tiny: TinyInputs, tmp_path: Path):
    rows = map_ipc("node_names", tiny.names)
    one_name = [rows.slice(i, 1) for i in range(0, 24, 2)]
    write_ipc("node_names", [rows.slice(0, 2), *one_name[1:]], tmp_path / "n")
    names = Names(tmp_path / "n", len(WORDS))
    assert SynonymPairs(names, 50).draw(29, 1, 0).concept.tolist() == [0]
    write_ipc("node_names", one_name, tmp_path / "one")
    with pytest.raises(InputError, match=r"train.w_synonyms: no concept of the graph has two"):
        SynonymPairs(Names(tmp_path / "one", len(WORDS)), 4)


def neighbours(tiny: TinyInputs) -> dict[int, set[int]]:
    """Node -> neighbours at hop 1 in any sample, read row by row."""
    found: dict[int, set[int]] = {}
    for row in read_table("subgraphs", tiny.subgraphs).to_pylist():
        for source, target in zip(row["source"], row["target"], strict=True):
            if target == 0:
                found.setdefault(row["centre"], set()).add(row["node"][source])
    return found


def test_siblings_are_neighbours_of_a_neighbour_and_not_in_the_step(tiny: TinyInputs):
    subgraphs, near = Subgraphs(tiny.subgraphs), neighbours(tiny)
    concepts = np.array([0, 1, 6])
    allowed = {w for v in concepts for u in near[v] for w in near[u]} - set(concepts)
    seen = set()
    for step in range(50):
        siblings = draw_siblings(subgraphs, concepts, 2, 29, 1, step).tolist()
        assert siblings == sorted(set(siblings))
        assert len(siblings) <= 6
        assert set(siblings) <= allowed
        seen |= set(siblings)
    assert seen == allowed
    one, other = (draw_siblings(subgraphs, concepts, 2, 29, 1, 5) for _ in range(2))
    assert np.array_equal(one, other)


def test_no_siblings_without_draws_concepts_or_neighbours(tiny: TinyInputs, tmp_path: Path):
    subgraphs, none = Subgraphs(tiny.subgraphs), np.empty(0, np.int64)
    assert not len(draw_siblings(subgraphs, np.array([0]), 0, 1))
    assert not len(draw_siblings(subgraphs, none, 2, 1))
    lone = {"sample": [0], "centre": [0], "node": [[0]], "source": [[]], "target": [[]]}
    table = from_columns("subgraphs", lone | {"relation": [[]]})
    write_table("subgraphs", table, tmp_path / "lone.parquet")
    assert not len(draw_siblings(Subgraphs(tmp_path / "lone.parquet"), np.array([0]), 2, 1))


@pytest.mark.parametrize("use_graph", [True, False])
def test_siblings_are_centres_behind_those_of_the_concepts(tiny: TinyInputs, use_graph: bool):
    data = load(tiny, siblings=2, use_graph=use_graph)
    batch = data.batch(np.arange(3), 1, 0)
    graph = batch.graph
    names = [text.split()[0] for text in names_in(tiny, graph.names)]
    centres = [WORDS.index(names[member]) for member in graph.member[graph.centre].tolist()]
    concepts = sorted(set(batch.concept.tolist()))
    siblings = draw_siblings(Subgraphs(tiny.subgraphs), np.array(concepts), 2, 29, 1, 0)
    assert len(siblings)
    assert centres == [*concepts, *siblings]
    assert graph.sibling.tolist() == list(range(len(concepts), len(centres)))
    assert [centres[row] for row in graph.row_centre] == batch.concept.tolist()


def test_triples_are_the_edges_into_the_concept_of_each_mention_row(tiny: TinyInputs):
    data = load(tiny, use_links=True, siblings=1)
    batch = data.batch(np.arange(20), 1, 0)
    graph, links = batch.graph, batch.links
    expected = []
    for row, place in enumerate(graph.row_centre.tolist()):
        centre = graph.centre[place]
        for edge in range(graph.edge_index.shape[1]):
            if graph.edge_index[1, edge] == centre:
                head = int(graph.member[graph.edge_index[0, edge]])
                expected.append((head, int(graph.relation[edge]), row))
    found = list(zip(links.head.tolist(), links.relation.tolist(), links.row.tolist(), strict=True))
    assert found == expected
    assert len(found) < len(graph.row_centre) + graph.edge_index.shape[1]  # hop 2 is left out
    assert load(tiny).batch(np.arange(3), 1, 0).links is None


def test_a_masked_mention_is_hidden_as_a_whole_and_keeps_its_labels(tiny: TinyInputs):
    plain = load(tiny, mask_share=0.0).batch(np.arange(20), 1, 0)
    masked = load(tiny, mask_share=0.0, mask_mentions=0.5).batch(np.arange(20), 1, 0)
    hidden = masked.labels != IGNORED
    assert (masked.sentences.ids[hidden] == MASK).all()
    assert torch.equal(masked.labels[hidden], plain.sentences.ids[hidden])
    assert torch.equal(masked.sentences.ids[~hidden], plain.sentences.ids[~hidden])
    of_rows = {
        (int(group), bool(hidden[token]))
        for token, group in zip(masked.token, masked.group, strict=True)
    }
    assert len(of_rows) == len(masked.concept)  # all tokens of a row, or none
    assert 0 < sum(hide for _, hide in of_rows) < len(masked.concept)
    # each concept of a sentence by a draw of its own
    of_sentences = {
        (int(masked.sentences.owner[token]), bool(hidden[token])) for token in masked.token
    }
    assert len(of_sentences) > len(masked.sentences)
    assert set(hidden.nonzero().flatten().tolist()) <= set(masked.token.tolist())
    whole = load(tiny, mask_share=0.0, mask_mentions=1.0).batch(np.arange(20), 1, 0)
    assert ((whole.labels != IGNORED).nonzero().flatten() == whole.token.unique()).all()


def test_a_concept_mentioned_twice_in_a_sentence_is_hidden_twice_or_not_at_all(
    tiny: TinyInputs, tmp_path: Path
):
    row = {
        "pmid": [1] * 40,
        "version": [1] * 40,
        "sentence": list(range(40)),
        "input_ids": [[2, 10, 11, 12, 10, 3]] * 40,
        "token": [[1, 4]] * 40,
        "owner": [[0, 1]] * 40,
        "concept": [[5, 5]] * 40,
    }
    write_ipc("pairs", [from_columns("pairs", row)], tmp_path / "pairs.arrow")
    data = load(tiny, tmp_path / "pairs.arrow", mask_share=0.0, mask_mentions=0.5)
    texts = split(data.batch(np.arange(40), 1, 0).sentences)
    assert {tuple(text) for text in texts} == {
        (2, 10, 11, 12, 10, 3),
        (2, MASK, 11, 12, MASK, 3),
    }


def test_names_are_masked_anew_each_step_and_their_special_tokens_never(tiny: TinyInputs):
    plain, masked = load(tiny), load(tiny, mask_names=0.5)
    batches = [masked.batch(np.arange(8), 1, step) for step in range(2)]
    for step, batch in enumerate(batches):
        bare = plain.batch(np.arange(8), 1, step)
        assert torch.equal(batch.sentences.ids, bare.sentences.ids)
        same = batch.graph.names.ids == bare.graph.names.ids
        special = torch.isin(bare.graph.names.ids, torch.tensor([2, 3]))
        assert same[special].all()
        assert 0.3 < same[~special].float().mean() < 0.8  # half is chosen, a tenth of it stays
    again = masked.batch(np.arange(8), 1, 0)
    assert torch.equal(again.graph.names.ids, batches[0].graph.names.ids)


@pytest.mark.parametrize(
    ("setting", "value", "option"),
    [
        ("mask_share", 0.5, {"mask_share": 0.5}),
        ("mask_mentions", 0.5, {"mask_mentions": 0.5}),
        ("mask_names", 0.5, {"mask_names": 0.5}),
        ("batch_size", 3, {"batch_size": 3}),
        ("hard_negatives", 2, {"siblings": 2}),
        ("w_link", 1.0, {"use_links": True}),
        ("encoder", "none", {"use_graph": False}),
        ("w_align", 0.0, {"names": None}),
        ("edges", "shuffled", {"shuffle": 29}),
        ("w_synonyms", 1.0, {"synonyms": 4}),
        ("w_hierarchy", 1.0, {"hierarchy": (4, 1)}),
        ("w_soft", 1.0, {"soft": (4, 2)}),
    ],
)
def test_a_setting_of_a_run_reaches_its_steps(tiny: TinyInputs, setting: str, value, option: dict):
    def tensors(batch) -> dict[str, list]:
        return {name: tensor.tolist() for name, tensor in batch_tensors(batch)}

    if "shuffle" in option:
        option = {"subgraphs": Subgraphs(tiny.subgraphs, option["shuffle"])}
    if "synonyms" in option:
        option = {"synonyms": pairs_of(tiny, option["synonyms"])}
    if "hierarchy" in option:
        names = Names(tiny.names, len(WORDS))
        option = {"hierarchy": Hierarchy(tiny.hierarchy, names, *option["hierarchy"])}
    if "soft" in option:
        names = Names(tiny.names, len(WORDS))
        option = {"soft": SoftLinks(tiny.soft_links, names, *option["soft"])}
    settings = Settings.from_json(json.dumps({**SETTINGS, setting: value}))
    found = tensors(load_data_of(tiny, settings).at(1))
    assert found == tensors(load(tiny, **option).at(1))
    assert found != tensors(load(tiny).at(1))


def test_texts_of_subgraphs_are_cut_at_linear_tokens(tiny: TinyInputs):
    for most in (7, 12):
        changes = {"encoder": "linear-v1", "linear_tokens": most}
        settings = Settings.from_json(json.dumps({**SETTINGS, **changes}))
        assert load_data_of(tiny, settings).at(0).graph.written.lengths.max() == most


def test_masking_knows_the_tokenisers_special_tokens_and_its_size(tiny: TinyInputs):
    vocabulary = vocabulary_of(load_tokenizer(tiny.lm), tiny.lm)
    assert vocabulary.special.tolist() == VOCABULARY.special.tolist()
    assert (vocabulary.mask_id, vocabulary.size) == (VOCABULARY.mask_id, VOCABULARY.size)


def test_names_from_the_whole_graph_are_drawn_anew_each_step(tiny: TinyInputs):
    synonyms = pairs_of(tiny, 4)
    hierarchy = Hierarchy(tiny.hierarchy, Names(tiny.names, len(WORDS)), 4, 1)
    soft = SoftLinks(tiny.soft_links, Names(tiny.names, len(WORDS)), 4, 2)
    data = load(tiny, synonyms=synonyms, hierarchy=hierarchy, soft=soft)
    for epoch, step in ((1, 0), (1, 1), (2, 0)):
        batch = data.batch(np.arange(3), epoch, step)
        for part, drawer in (
            (batch.synonyms, synonyms),
            (batch.hierarchy, hierarchy),
            (batch.soft, soft),
        ):
            assert torch.equal(part.names.ids, drawer.draw(29, epoch, step).names.ids)
