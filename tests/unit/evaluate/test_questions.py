"""Questions from gold corpora, and the sets that they belong to."""

import gzip

import pytest

from bali.errors import InputError
from bali.evaluate.questions import looks_abbreviated, read_questions, sets_of

GOLD = """1|t|Myotonic dystrophy (DM) and rash.
1|a|Cough. DM was mild, MD too.
1\t0\t18\tMyotonic dystrophy\tDisease\tD1
1\t20\t22\tDM\tDisease\tD1
1\t28\t32\trash\tSign\tD2
1\t34\t39\tCough\tDisease\tD9
1\t41\t43\tDM\tDisease\tD1|D2
1\t54\t56\tMD\tDisease\t-1

2|t|Cough
2|a|
2\t0\t5\tCough\tDisease\tD3
"""
CONCEPTS = {"D1": ["C1"], "D2": ["C2"], "D3": ["C3", "C4"]}


def concepts(identifier):
    return CONCEPTS.get(identifier, ())


@pytest.fixture
def gold(tmp_path):
    path = tmp_path / "gold.txt"
    path.write_text(GOLD)
    return path


def test_every_mention_is_asked_for_or_counted(gold):
    found = read_questions([gold], "pubtator", concepts, types=["Disease"])
    assert [(q.document, q.text, q.cuis, q.composite) for q in found.asked] == [
        ("1", "Myotonic dystrophy", ("C1",), False),
        ("1", "DM", ("C1",), False),
        ("1", "DM", ("C1", "C2"), True),
        ("2", "Cough", ("C3", "C4"), False),
    ]
    assert found.counts == {
        "read": 7,
        "kept": 4,
        "dropped": {"type": 1, "concept not in the dictionary": 1, "no identifier": 1},
    }
    assert (found.documents, found.spelt_out) == (2, 0)


def test_a_document_that_stands_in_two_files_is_asked_for_once(gold, tmp_path):
    packed = tmp_path / "again.txt.gz"
    packed.write_bytes(gzip.compress(GOLD.encode()))
    found = read_questions([gold, packed], "pubtator", concepts)
    assert found.counts["dropped"]["document stands twice"] == 7
    assert (
        found.counts["read"] == 14 == found.counts["kept"] + sum(found.counts["dropped"].values())
    )


def test_only_documents_of_the_part_are_taken(gold):
    found = read_questions([gold], "pubtator", concepts, documents={"2"})
    assert [q.document for q in found.asked] == ["2"]
    assert found.counts["read"] == 1


def test_abbreviations_are_spelt_out_in_the_question_and_in_its_sentence(gold):
    found = read_questions([gold], "pubtator", concepts, spell_out=True)
    assert [q.text for q in found.asked if q.document == "1"] == [
        "Myotonic dystrophy",
        "Myotonic dystrophy",
        "rash",
        "Myotonic dystrophy",
    ]
    assert found.spelt_out == 2
    last = found.asked[3]
    assert last.sentence == "Myotonic dystrophy was mild, MD too."
    for question in found.asked:
        assert question.sentence[question.start : question.end] == question.text


def test_a_cut_gzip_is_one_line(tmp_path):
    path = tmp_path / "gold.txt.gz"
    path.write_bytes(gzip.compress(GOLD.encode())[:-9])
    with pytest.raises(InputError, match="no whole gzip file"):
        read_questions([path], "pubtator", concepts)


def test_sets_by_hand(gold):
    asked = read_questions([gold], "pubtator", concepts).asked
    texts = [q.text for q in asked]
    assert texts == ["Myotonic dystrophy", "DM", "rash", "DM", "Cough"]
    train = [q for q in asked if q.text == "rash"]
    found = {
        name: [t for t, inside in zip(texts, rows, strict=True) if inside]
        for name, rows in sets_of(asked, ["COUGH!", "fever"], train).items()
    }
    assert found == {
        "full": texts,
        "refined": ["Myotonic dystrophy", "rash"],
        "composite": ["DM"],
        "unseen strings": ["Myotonic dystrophy", "DM", "DM", "Cough"],
        "seen concepts": ["rash", "DM"],  # the second DM may be C2, which rash is
        "unseen concepts": ["Myotonic dystrophy", "DM", "Cough"],
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [("DM", True), ("BRCA1", True), ("HbS", True), ("Wilson", False), ("ABCDEFG", False)],
)
def test_what_looks_like_an_abbreviation(text, expected):
    assert looks_abbreviated(text) is expected


def test_queries_without_documents_cannot_be_spelt_out(tmp_path):
    with pytest.raises(InputError, match="no document to spell"):
        read_questions([tmp_path], "biosyn", concepts, spell_out=True)


@pytest.mark.shared
def test_the_development_set_has_the_questions_that_its_readme_leads_one_to_expect(shared):
    """27 % abbreviations, about 80 % mapped, a third refined: the shares of the test set there."""
    from bali.gold.identifiers import Identifiers

    maps = shared / "maps"
    cuis = {
        cui
        for line in [
            *(maps / "mesh_to_cui.tsv").read_text().splitlines()[1:],
            *(maps / "omim_to_cui.tsv").read_text().splitlines()[1:],
        ]
        for cui in line.split("\t")[1].split("|")
    }
    identifiers = Identifiers(cuis)
    for name in ("mesh", "omim"):
        identifiers.add_file(maps / f"{name}_to_cui.tsv")
    path = shared / "ncbi_disease" / "NCBIdevelopset_corpus.txt"
    found = read_questions([path], "pubtator", identifiers.cuis)
    assert found.documents == 100
    assert found.counts["read"] == 787
    assert 0.75 < len(found.asked) / 787 < 0.95
    short = sum(looks_abbreviated(q.text) for q in found.asked) / len(found.asked)
    assert 0.15 < short < 0.4
    spelt = read_questions([path], "pubtator", identifiers.cuis, spell_out=True)
    assert spelt.spelt_out > 100
    assert sum(looks_abbreviated(q.text) for q in spelt.asked) < short * len(found.asked) / 2
