"""Inverses and phrases: the shipped table is consistent, the rules cover the rest."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bali.errors import InputError
from bali.relations import RELS, read_relations

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
        ("RO", "has_unheard", "has unheard"),
        ("RO", "unheard_of", "is unheard of"),
        ("RO", "unheard_by", "is unheard by"),
        ("RO", "may_be_unheard_by", "may be unheard by"),
        ("RO", "inverse_unheard_to", 'is the target of "is unheard to" from'),
        ("RO", "unheard", "unheard"),
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


def test_the_shipped_table_covers_what_nlm_documents_and_says_it_in_words():
    relations = read_relations(TABLE)
    assert len(relations.phrases) > 1000
    # of sources: SNOMED CT, NCI, FMA, LOINC, RxNorm, MED-RT, MeSH, OMIM, MedDRA, HGNC
    for rela in (
        "has_finding_site gene_product_has_biochemical_function regional_part_of has_scale_type "
        "has_doseformgroup site_of_metabolism mapped_to has_allelic_variant classifies prev_name_of"
    ).split():
        assert rela in relations.phrases
    for rela, phrase in relations.phrases.items():
        words = phrase.split(" ")
        assert "_" not in phrase and 1 <= len(words) <= 12 and "" not in words, rela
        # a verb in the third person, so that <source> <phrase> <target> is a sentence
        verb = words[1] if words[0].endswith("ly") else words[0]
        assert verb.endswith("s") or verb in {"had", "may"}, (rela, phrase)


@given(
    st.from_regex(r"[a-z]{1,8}(_[a-z]{1,8}){0,5}", fullmatch=True).filter(
        lambda rela: "inverse" not in rela
    )
)
def test_a_rela_of_any_name_has_an_inverse_that_leads_back_and_a_phrase(rela):
    relations = read_relations(TABLE)
    _, inverse = relations.inverse("RO", rela)
    assert relations.inverse("RO", inverse)[1] == rela
    phrase = relations.phrase("RO", rela)
    assert phrase.strip() and "_" not in phrase


MRDOC = (
    "ATN|X|expanded_form|an attribute|\n"
    "RELA||rela_inverse||\n"
    "RELA|isa|expanded_form|Is a|\n"
    "RELA|isa|rela_inverse|inverse_isa|\n"
    "RELA|place_traveled_from|rela_inverse|origin_of_travel|\n"
    "RELA|has_ingredient|rela_inverse|in_product|\n"
)


@pytest.mark.parametrize("name", ["MRDOC.RRF", "MRDOC.RRF.gz"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_release_has_the_last_word_on_inverses(tmp_path, name, newline):
    path = tmp_path / name
    data = MRDOC.replace("\n", newline).encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    relations = read_relations(TABLE, [path])
    assert relations.inverse("RO", "place_traveled_from") == ("RO", "origin_of_travel")
    assert relations.inverse("RO", "has_ingredient") == ("RO", "in_product")
    assert relations.inverse("RO", "isa") == ("RO", "inverse_isa")
    assert relations.inverse("RO", "") == ("RO", "")
    assert relations.inverse("RO", "treats") == ("RO", "treated_by")  # as the table says
    assert relations.phrases == read_relations(TABLE).phrases


def test_a_release_in_pieces_cut_anywhere_is_read_as_one(tmp_path):
    content = MRDOC.encode()
    pieces = [tmp_path / f"MRDOC.RRF.a{letter}.gz" for letter in "abc"]
    for path, part in zip(pieces, (content[:50], content[50:71], content[71:]), strict=True):
        path.write_bytes(gzip.compress(part))
    assert read_relations(TABLE, pieces).inverse("RO", "has_ingredient") == ("RO", "in_product")


def test_of_two_releases_that_disagree_the_first_counts_and_the_log_says_so(tmp_path, caplog):
    first, second = tmp_path / "a.RRF", tmp_path / "b.RRF"
    first.write_text("RELA|x|rela_inverse|one|\n")
    second.write_text("RELA|x|rela_inverse|other|\n")
    assert read_relations(TABLE, [first, second]).inverses["x"] == "one"
    assert "b.RRF" in caplog.text and "other" in caplog.text


def test_a_broken_mrdoc_is_named_with_its_line(tmp_path):
    path = tmp_path / "MRDOC.RRF"
    path.write_text(MRDOC + "RELA|isa\n")
    with pytest.raises(InputError, match=r"MRDOC\.RRF: line 7 is"):
        read_relations(TABLE, [path])
