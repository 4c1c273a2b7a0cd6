"""Inverses and phrases: the shipped table is consistent, the rules cover the rest."""

from pathlib import Path

import pytest

from bali.errors import InputError
from bali.graph.relations import RELS, read_relations

TABLE = Path(__file__).resolve().parents[3] / "resources" / "relations.tsv"


def test_every_inverse_of_the_table_leads_back():
    inverses = read_relations(TABLE).inverses
    assert len(inverses) > 40
    assert {rela: inverses[inverses[rela]] for rela in inverses} == {
        rela: rela for rela in inverses
    }


def test_every_rel_leads_back():
    assert {RELS[RELS[rel][0]][0] for rel in RELS} == set(RELS)


@pytest.mark.parametrize(
    ("rela", "inverse"),
    [
        ("isa", "inverse_isa"),
        ("may_be_treated_by", "may_treat"),
        ("inverse_unheard", "unheard"),
        ("unheard", "inverse_unheard"),
        ("has_unheard", "unheard_of"),
        ("unheard_of", "has_unheard"),
        ("", ""),
    ],
)
def test_inverse_by_table_or_rule(rela, inverse):
    assert read_relations(TABLE).inverse("CHD", rela) == ("PAR", inverse)


@pytest.mark.parametrize(
    ("rel", "rela", "phrase"),
    [
        ("CHD", "isa", "is a"),
        ("RO", "has_finding_site", "is found in"),
        ("RO", "plays_unheard_role_in", "plays unheard role in"),
        ("CHD", "", "is a child of"),
        ("RB", "", "is broader than"),
    ],
)
def test_phrase_by_table_or_rule(rel, rela, phrase):
    assert read_relations(TABLE).phrase(rel, rela) == phrase


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rela\tphrase\n", ["line 1", "inverse"]),
        ("", ["line 1", "inverse"]),
        ("rela\tinverse\tphrase\nisa\tinverse_isa\n", ["line 2", "isa"]),
        ("rela\tinverse\tphrase\nisa\t\tis a\n", ["line 2", "isa"]),
        ("rela\tinverse\tphrase\na\tb\tc\na\tb\tc\n", ["line 3", "twice"]),
    ],
)
def test_a_broken_table_is_named_with_its_line(tmp_path, text, words):
    path = tmp_path / "relations.tsv"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_relations(path)
    assert all(word in str(caught.value) for word in ["relations.tsv", *words])
