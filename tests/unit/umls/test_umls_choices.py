"""What the settings keep and drop, over one small META; each case by its counts and rows."""

from dataclasses import replace
from pathlib import Path

import pytest

from bali.errors import InputError
from bali.relations import Relations
from bali.storage import read_table
from bali.umls import heldout
from bali.umls.release import RrfTable, find_tables
from bali.umls.settings import Choice, Settings
from bali.umls.spark import Workspace
from bali.umls.tables import require_rels, write_tables

pytestmark = pytest.mark.xdist_group("spark")

C = [f"C000000{n}" for n in range(6)]
SETTINGS = Settings(("ENG",), ("O",), heldout.Settings(3, 0.0, 29))
WORDS = Relations({"isa": "inverse_isa", "inverse_isa": "isa", "near": "near"}, {})


def choice(keep=(), drop=()):
    return Choice(frozenset(keep), frozenset(drop))


@pytest.fixture(scope="module")
def meta(tmp_path_factory, rows):
    """Concepts 1 to 4 of two sources; relations of all kinds between them."""
    folder = tmp_path_factory.mktemp("choices") / "META"
    folder.mkdir()
    conso, rel, sty, text = (rows[k] for k in ("conso", "rel", "sty", "definition"))
    files = {
        "MRCONSO": [
            *(conso(C[n], f"concept {n}", sab="AAA", tty="PT") for n in (1, 2, 3, 4)),
            conso(C[1], "one more", sab="BBB", tty="SY"),
            conso(C[2], "two more", sab="BBB", tty="AB"),
            conso(C[2], "two obsolete", sab="BBB", tty="AB", suppress="O"),
        ],
        "MRREL": [
            rel(C[1], "CHD", C[2], "isa"),
            rel(C[2], "PAR", C[1], "inverse_isa"),
            rel(C[2], "PAR", C[1], "inverse_isa", sab="BBB"),
            rel(C[1], "RO", C[3], "near"),
            rel(C[3], "RO", C[1], "near"),
            rel(C[4], "PAR", C[3], "inverse_isa"),  # stated in this direction only
            rel(C[1], "RO", C[4], "odd"),  # its inverse, inverse_odd, is stated nowhere
            rel(C[2], "RO", C[2], "near"),
        ],
        "MRSTY": [
            sty(C[1], "T047", "Disease or Syndrome"),
            sty(C[2], "T047", "Disease or Syndrome"),
            sty(C[2], "T033", "Finding"),
            sty(C[3], "T033", "Finding"),
        ],
        "MRDEF": [text(C[1], "First.", sab="AAA"), text(C[2], "Second.", sab="BBB")],
    }
    for name, lines in files.items():
        (folder / f"{name}.RRF").write_text("".join(f"{line}\n" for line in lines))
    return folder


@pytest.fixture
def build(session, meta, tmp_path):
    """Settings -> function that gives rows of a table, and the counts of all."""

    def run(words=None, **changed):
        work = Workspace(session.spark, tmp_path / "scratch")
        settings = replace(SETTINGS, **changed)
        counts = write_tables(find_tables([meta]), settings, words, tmp_path / "out", work)

        def table(name):
            rows = read_table(name, tmp_path / "out" / f"{name}.parquet").to_pylist()
            return [tuple(row.values()) for row in rows]

        return table, {k: dict(v["dropped"]) for k, v in counts.tables.items()}

    return run


def test_without_a_choice_all_sources_types_and_directions_stay(build):
    table, dropped = build()
    assert len(table("names")) == 6 and len(table("relations")) == 6
    assert dropped["names"] == {
        "malformed": 0, "language": 0, "suppressed": 1, "source": 0, "term type": 0,
        "semantic type": 0, "empty name": 0, "duplicate": 0, "held out": 0,
    }  # fmt: skip
    assert dropped["relations"]["self-relation"] == 1 and dropped["relations"]["duplicate"] == 1


def test_sources_hold_for_names_definitions_and_relations(build):
    table, dropped = build(sources=choice(drop=["BBB"]))
    assert {row[2] for row in table("names")} == {"AAA"}
    assert table("definitions") == [(C[1], "AAA", "First.")]
    assert (dropped["names"]["source"], dropped["names"]["suppressed"]) == (2, 1)  # in order
    assert dropped["relations"]["source"] == dropped["definitions"]["source"] == 1
    assert dropped["relations"]["duplicate"] == 0


def test_drop_wins_over_keep(build):
    table, dropped = build(term_types=choice(keep=["PT", "SY"], drop=["SY"]))
    assert {row[3] for row in table("names")} == {"PT"}
    assert dropped["names"]["term type"] == 2


@pytest.mark.parametrize(
    ("types", "left"),
    [
        (choice(keep=["T047"]), [1, 2]),  # another type beside the one kept does no harm
        (choice(drop=["T033"]), [1]),  # concept 4 has no type that MRSTY would know
        (choice(keep=["T047"], drop=["T033"]), [1]),
    ],
    ids=["keep", "drop", "both"],
)
def test_concepts_are_chosen_by_their_semantic_types(build, types, left):
    table, dropped = build(types=types)
    assert [row[0] for row in table("concepts")] == [C[n] for n in left]
    assert dropped["names"]["semantic type"] == 6 - len(table("names"))
    assert {row[0] for row in table("semantic_types")} <= {C[n] for n in left}


def test_relations_are_chosen_by_rel_or_rela(build):
    table, dropped = build(relations=choice(keep=["PAR", "near", "odd"], drop=["odd"]))
    assert {row[2:4] for row in table("relations")} == {("PAR", "inverse_isa"), ("RO", "near")}
    assert dropped["relations"]["relation"] == 2


def test_self_relations_stay_if_wanted(build):
    table, dropped = build(self_relations=True)
    assert (C[2], C[2], "RO", "near", "AAA") in table("relations")
    assert dropped["relations"]["self-relation"] == 0


def test_of_a_relation_stated_in_both_directions_one_is_kept(build):
    table, dropped = build(words=WORDS)
    assert table("relations") == [
        (C[1], C[3], "RO", "near", "AAA"),  # its own inverse: the lower head
        (C[2], C[1], "CHD", "isa", "AAA"),  # CHD isa sorts before PAR inverse_isa
        (C[3], C[4], "PAR", "inverse_isa", "AAA"),  # the other direction is not stated
        (C[4], C[1], "RO", "odd", "AAA"),
    ]
    assert (dropped["relations"]["mirrored"], dropped["relations"]["duplicate"]) == (2, 1)


@pytest.mark.parametrize(
    ("key", "values", "message"),
    [
        ("sources", ["SNOMED"], r"umls.sources names 'SNOMED', .* there are AAA, BBB"),
        ("term_types", ["PT", "XX"], r"umls.term_types names 'XX', .* there are AB, PT, SY"),
        ("relations", ["isaa"], r"umls.relations names 'isaa', .* inverse_isa, isa, near, odd"),
    ],
)
def test_a_value_that_no_row_has_is_an_error(build, tmp_path, key, values, message):
    with pytest.raises(InputError, match=message):
        build(**{key: choice(keep=values)})
    assert not (tmp_path / "out").exists()


def test_a_language_that_no_row_has_is_an_error(build, tmp_path):
    with pytest.raises(InputError, match=r"umls.languages names 'FRX', .* there are ENG"):
        build(languages=["ENG", "FRX"])
    assert not (tmp_path / "out").exists()


def test_a_rel_that_mrrel_does_not_know_is_an_error_unless_it_is_dropped():
    table = RrfTable("MRREL", (Path("META/MRREL.RRF"),), (), None)
    require_rels({"CHD", "RO"}, [table])
    with pytest.raises(InputError, match=r"MRREL.RRF: REL 'isa' is none of AQ, CHD, .*columns"):
        require_rels({"CHD", "isa"}, [table])
