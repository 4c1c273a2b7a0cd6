"""Semantic types and groups: the shipped table is whole, lists of either are expanded."""

import re

import pytest

from bali.errors import InputError
from bali.semantic_groups import TABLE, read_semantic_groups

# types a group, as NLM's SemGroups (2018 and later) counts them
SIZES = {
    "ACTI": 9, "ANAT": 11, "CHEM": 20, "CONC": 12, "DEVI": 3, "DISO": 12, "GENE": 5, "GEOG": 1,
    "LIVB": 21, "OBJC": 5, "OCCU": 2, "ORGA": 4, "PHEN": 6, "PHYS": 9, "PROC": 7,
}  # fmt: skip


def test_the_table_holds_127_types_in_15_groups() -> None:
    groups = read_semantic_groups()
    assert len(groups.group_of) == 127
    assert {g: len(groups.expand([g])) for g in groups.group_names} == SIZES
    assert len(set(groups.type_names.values())) == 127
    assert all(re.fullmatch("T[0-9]{3}", tui) for tui in groups.group_of)


def test_the_types_of_a_real_mrsty_are_in_the_table(shared) -> None:
    groups = read_semantic_groups()
    lines = (shared / "doid" / "META" / "MRSTY.RRF").read_text(encoding="utf-8").splitlines()
    found = {tuple(line.split("|")[1:4:2]) for line in lines}
    assert found
    assert found <= set(groups.type_names.items())
    assert {groups.group_of[tui] for tui, _ in found} == {"DISO"}


@pytest.mark.parametrize(
    ("values", "tuis"),
    [
        ([], set()),
        (["T047"], {"T047"}),
        (["GEOG"], {"T083"}),
        (["DEVI", "T047", "T074"], {"T074", "T075", "T203", "T047"}),
    ],
)
def test_types_and_groups_are_expanded(values: list[str], tuis: set[str]) -> None:
    assert read_semantic_groups().expand(values) == tuis


@pytest.mark.parametrize("value", ["T999", "diso", "Disorders", ""])
def test_an_unknown_value_is_named_with_what_there_is(value: str) -> None:
    with pytest.raises(InputError) as caught:
        read_semantic_groups().expand(["DISO", value], "umls.semantic_types.keep")
    message = str(caught.value)
    assert message.startswith(f"umls.semantic_types.keep: {value!r} is neither")
    assert "T001 to T204" in message and "ACTI, ANAT, CHEM" in message


HEADER = "group\tgroup_name\ttui\tsty\n"
ROW = "DISO\tDisorders\tT047\tDisease or Syndrome\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["line 1", "group_name"]),
        ("group\ttui\n", ["line 1", "group_name"]),
        (HEADER + "DISO\tDisorders\tT047\n", ["line 2", "T047"]),
        (HEADER + "DISO\t\tT047\tDisease\n", ["line 2", "T047"]),
        (HEADER + ROW + ROW, ["line 3", "T047", "twice"]),
        (HEADER + ROW + "DISO\tDiseases\tT046\tPathologic Function\n", ["line 3", "Disorders"]),
    ],
)
def test_a_broken_table_is_named_with_its_line(tmp_path, text: str, words: list[str]) -> None:
    path = tmp_path / TABLE.name
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_semantic_groups(path)
    assert all(word in str(caught.value) for word in [TABLE.name, *words])
