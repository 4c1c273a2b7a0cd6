"""The benchmarks' input: its totals, its shape, and the same bytes for the same arguments."""

import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from paths import REPOSITORY

BENCHMARKS = REPOSITORY / "benchmarks"
# UMLS Reference Manual, chapter 3
LAYOUTS = {
    "MRCONSO": "cui lat ts lui stt sui ispref aui saui scui sdui sab tty code str srl suppress cvf",
    "MRREL": "cui1 aui1 stype1 rel cui2 aui2 stype2 rela rui srui sab sl rg dir suppress cvf",
    "MRSTY": "cui tui stn sty atui cvf",
}
ATOMS, EDGES = 20_000, 50_001  # odd: the last edge is stated in one direction only


def generate(folder: Path, *more: str, seed: int = 29) -> dict[str, dict]:
    command = [sys.executable, BENCHMARKS / "generate_umls.py", "--out-dir", folder]
    command += ["--conso", str(ATOMS), "--rel", str(EDGES), "--seed", str(seed), *more]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)["files"]


def rows(path: Path) -> list[list[str]]:
    """Fields of each row; the trailing pipe is checked."""
    lines = path.read_bytes().decode().split("\n")
    assert lines.pop() == ""
    assert all(line.endswith("|") for line in lines)
    return [line[:-1].split("|") for line in lines]


@pytest.fixture(scope="module")
def meta(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("generated") / "META"
    generate(folder)
    return folder


@pytest.fixture(scope="module")
def conso(meta) -> list[dict[str, str]]:
    return [
        dict(zip(LAYOUTS["MRCONSO"].split(), row, strict=True))
        for row in rows(meta / "MRCONSO.RRF")
    ]


@pytest.fixture(scope="module")
def rel(meta) -> list[dict[str, str]]:
    return [
        dict(zip(LAYOUTS["MRREL"].split(), row, strict=True)) for row in rows(meta / "MRREL.RRF")
    ]


def test_mrfiles_tells_rows_bytes_and_columns(meta):
    told = {row[0]: row[1:] for row in rows(meta / "MRFILES.RRF")}
    written = {path.name for path in meta.iterdir()} - {"MRFILES.RRF"}
    assert told.keys() == written
    for name, (_, columns, width, count, size) in told.items():
        found = rows(meta / name)
        assert {len(row) for row in found} == {int(width)} == {len(columns.split(","))}
        assert (int(count), int(size)) == (len(found), (meta / name).stat().st_size)
    assert [told[f"{t}.RRF"][1].lower().split(",") for t in ("MRCONSO", "MRREL")] == [
        LAYOUTS["MRCONSO"].split(), LAYOUTS["MRREL"].split()
    ]  # fmt: skip


def test_mrcols_has_a_row_for_each_column_of_each_file(meta):
    told = Counter((row[6], row[0]) for row in rows(meta / "MRCOLS.RRF"))
    files = [row for row in rows(meta / "MRFILES.RRF") if row[0] != "MRCOLS.RRF"]
    assert told == Counter((row[0], column) for row in files for column in row[2].split(","))


def test_atoms_are_as_many_as_asked_and_each_has_its_own_aui(conso):
    assert len(conso) == ATOMS == len({row["aui"] for row in conso})
    cuis = [row["cui"] for row in conso]
    assert cuis == sorted(cuis)
    assert len(set(cuis)) == round(ATOMS / 4.2)
    assert {(len(c), c[0], c[1:].isdigit()) for c in cuis} == {(8, "C", True)}


def test_one_preferred_atom_a_concept_and_language(conso):
    preferred = Counter()
    for row in conso:
        preferred[row["cui"], row["lat"]] += (row["ts"], row["stt"], row["ispref"]) == (
            "P", "PF", "Y"
        )  # fmt: skip
    assert set(preferred.values()) == {1}


def test_one_term_status_a_term_and_one_preferred_atom_a_string(conso):
    by_term, by_string = defaultdict(set), defaultdict(list)
    for row in conso:
        by_term[row["cui"], row["lui"]].add(row["ts"])
        by_string[row["cui"], row["sui"]].append(row)
    assert {len(found) for found in by_term.values()} == {1}
    assert {sum(row["ispref"] == "Y" for row in same) for same in by_string.values()} == {1}
    assert {len({row["str"] for row in same}) for same in by_string.values()} == {1}
    assert any(len({row["sab"] for row in same}) > 1 for same in by_string.values())


def test_shares_are_about_those_asked_for(conso):
    lat = Counter(row["lat"] for row in conso)
    assert lat["ENG"] / ATOMS == pytest.approx(0.70, abs=0.03)
    assert len(lat) == 15
    assert {row["suppress"] for row in conso} == set("NOYE")
    a_concept = sorted(Counter(row["cui"] for row in conso).values())
    assert a_concept[0] == 1
    assert a_concept[-1] > 20 * np.median(a_concept)
    words = Counter(len(row["str"].split()) for row in conso)
    assert set(range(1, 13)) <= words.keys()


def test_relations_are_stated_in_both_directions(rel):
    vocabulary = _import("vocabulary")
    inverse = {}
    for a, b, c, d in [row[:4] for row in _import("relations").RELATIONS]:
        inverse[a, b], inverse[c, d] = (c, d), (a, b)
    assert vocabulary.SUPPRESS == "NOYE"

    def stated(row, turn):
        one, two = ("2", "1") if turn else ("1", "2")
        kind = (row["rel"], row["rela"])
        ends = (row["cui" + one], row["aui" + one], row["cui" + two], row["aui" + two])
        return (*ends, *(inverse[kind] if turn else kind), row["sab"], row["suppress"])

    there = Counter(stated(row, False) for row in rel)
    back = Counter(stated(row, True) for row in rel)
    assert len(rel) == EDGES
    assert (there - back).total() == 1 == (back - there).total()


def test_relations_have_hubs_repeats_self_relations_and_retired_ends(conso, rel, meta):
    known = {row["cui"] for row in conso}
    retired = {row[0] for row in rows(meta / "MRCUI.RRF")}
    assert not known & retired
    ends = [(row["cui1"], row["cui2"]) for row in rel]
    assert {cui for pair in ends for cui in pair} - known <= retired
    assert any(two in retired for _, two in ends)
    assert any(one == two for one, two in ends)
    assert [one for one, _ in ends] == sorted(one for one, _ in ends)
    degrees = Counter(one for one, _ in ends)
    assert degrees.most_common(1)[0][1] == pytest.approx(EDGES / 50, rel=0.2)
    assert len(known - degrees.keys()) >= len(known) / 20
    sources = defaultdict(set)
    for row in rel:
        sources[row["cui1"], row["cui2"], row["rel"], row["rela"]].add(row["sab"])
    assert any(len(found) > 1 for found in sources.values())


def test_atoms_of_relations_belong_to_their_concepts(conso, rel):
    owner = {row["aui"]: row["cui"] for row in conso}
    known = set(owner.values())
    assert all(owner[row["aui1"]] == row["cui1"] for row in rel if row["cui1"] in known)


def test_attributes_are_of_known_concepts(conso, meta):
    known = {row["cui"] for row in conso}
    types = rows(meta / "MRSTY.RRF")
    assert {row[0] for row in types} == known
    assert len(types) == len({(row[0], row[1]) for row in types})
    assert len(types) / len(known) == pytest.approx(1.2, abs=0.03)
    definitions = rows(meta / "MRDEF.RRF")
    assert {row[0] for row in definitions} <= known
    assert len(definitions) / len(known) == pytest.approx(0.05, abs=0.015)
    merged = rows(meta / "MRCUI.RRF")
    assert {row[2] for row in merged} == {"DEL", "SY", "RO", "RN", "RB"}
    assert all((row[5] in known) == (row[2] != "DEL") for row in merged)


def test_same_arguments_same_bytes_and_another_seed_others(meta, tmp_path):
    generate(tmp_path / "again")
    generate(tmp_path / "other", seed=30)
    for path in meta.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()
    for name in ("MRCONSO", "MRREL", "MRSTY", "MRDEF", "MRCUI"):
        path = meta / f"{name}.RRF"
        assert (tmp_path / "other" / path.name).read_bytes() != path.read_bytes()


def test_no_byte_depends_on_the_size_of_a_block(meta, tmp_path, monkeypatch):
    for module in ("concepts", "relations"):
        monkeypatch.setattr(_import(module), "BLOCK", 777)
    fields, concepts = _import("fields"), _import("concepts")
    small = concepts.number_concepts(ATOMS, 29)
    with fields.RrfWriter(tmp_path, "MRCONSO.RRF", "CUI") as out:
        _import("atoms").write_atoms(small, out)
    with fields.RrfWriter(tmp_path, "MRREL.RRF", "CUI1") as out:
        _import("relations").write_relations(small, EDGES, out)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (meta / path.name).read_bytes()


def test_hostile_rows_are_as_many_as_told(meta, tmp_path):
    told = generate(tmp_path, "--hostile", "0.01")
    for name in ("MRCONSO", "MRREL", "MRSTY"):
        width = len(LAYOUTS[name].split())
        found = Counter()
        good = (meta / f"{name}.RRF").read_bytes().split(b"\n")
        bad = (tmp_path / f"{name}.RRF").read_bytes().split(b"\n")
        assert len(good) == len(bad)
        for before, line in zip(good, bad, strict=True):
            if before != line:
                pipes = line.count(b"|")
                found["short"] += pipes < width
                found["long"] += pipes > width
                found["not UTF-8"] += b"\xff" in line and pipes == width
        assert found == Counter(told[f"{name}.RRF"]["broken"])
        assert found.total() / len(good) == pytest.approx(0.01, rel=0.3)


def _import(module: str):
    """A module of benchmarks/synthetic_umls, which is no part of the package bali."""
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return __import__(f"synthetic_umls.{module}", fromlist=[module])
    finally:
        sys.path.remove(str(BENCHMARKS))
