"""Peer of `bali umls tables`: pandas and a Python loop over rows, the way such code is released.

    python benchmarks/umls_pandas.py --meta DIR --out-dir DIR

Research code that turns UMLS into a graph reads MRCONSO and MRREL with `read_csv` and fills dicts
and sets in `for _, row in frame.iterrows()`; so does this, with our filters. `--loop itertuples`
is the same with the faster iterator. Prints the seconds of each RRF file as JSON, from which
bench_umls.py extrapolates. Like DuckDB's, it counts nothing and holds no names out.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

LAYOUTS = {
    "MRCONSO": "CUI LAT TS LUI STT SUI ISPREF AUI SAUI SCUI SDUI SAB TTY CODE STR SRL SUPPRESS CVF",
    "MRREL": "CUI1 AUI1 STYPE1 REL CUI2 AUI2 STYPE2 RELA RUI SRUI SAB SL RG DIR SUPPRESS CVF",
    "MRSTY": "CUI TUI STN STY ATUI CVF",
    "MRDEF": "CUI AUI ATUI SATUI SAB DEF SUPPRESS CVF",
    "MRCUI": "CUI1 VER REL RELA MAPREASON CUI2 MAPIN",
}
SUPPRESSED = ("O", "E", "Y")
CHUNK = 100_000  # rows
Rows = Callable[[str], Iterator[Any]]


def looper(meta: Path, kind: str) -> Rows:
    """Rows of an RRF file as pandas gives them: `row.CUI` works with both iterators."""

    def rows(table: str) -> Iterator[Any]:
        chunks = pd.read_csv(
            meta / f"{table}.RRF", sep="|", header=None, names=[*LAYOUTS[table].split(), "REST"],
            quoting=3, dtype=str, na_filter=False, index_col=False, encoding="utf-8",
            lineterminator="\n", chunksize=CHUNK,
        )  # fmt: skip
        for chunk in chunks:
            if kind == "iterrows":
                for _, row in chunk.iterrows():
                    yield row
            else:
                yield from chunk.itertuples(index=False)

    return rows


def read_names(rows: Rows) -> dict[str, list[tuple[Any, ...]]]:
    """MRCONSO -> concepts, names, codes."""
    best: dict[tuple[str, str], tuple[bool, str, str]] = {}
    codes = set()
    for row in rows("MRCONSO"):
        if row.LAT != "ENG" or row.SUPPRESS in SUPPRESSED or row.STR == "":
            continue
        later = not (row.TS == "P" and row.STT == "PF" and row.ISPREF == "Y")
        key, value = (row.CUI, row.STR), (later, row.SAB, row.TTY)
        if key not in best or value < best[key]:
            best[key] = value
        if row.CODE not in ("", "NOCODE"):
            codes.add((row.CUI, row.SAB, row.CODE))
    first: dict[str, tuple[bool, str, str, str]] = {}
    for (cui, name), value in best.items():
        if cui not in first or (*value, name) < first[cui]:
            first[cui] = (*value, name)
    return {
        "concepts": sorted((cui, value[3]) for cui, value in first.items()),
        "names": sorted((*key, sab, tty, not later) for key, (later, sab, tty) in best.items()),
        "codes": sorted(codes),
    }


def read_relations(rows: Rows, known: set[str]) -> list[tuple[Any, ...]]:
    """MRREL -> relations."""
    lowest: dict[tuple[str, str, str, str], str] = {}
    for row in rows("MRREL"):
        if row.SUPPRESS in SUPPRESSED or row.CUI1 == row.CUI2:
            continue
        if row.CUI1 not in known or row.CUI2 not in known:
            continue
        key = (row.CUI2, row.CUI1, row.REL, row.RELA)
        if key not in lowest or row.SAB < lowest[key]:
            lowest[key] = row.SAB
    return sorted((*key, sab) for key, sab in lowest.items())


def read_types(rows: Rows, known: set[str]) -> list[tuple[Any, ...]]:
    """MRSTY -> semantic_types."""
    return sorted({(row.CUI, row.TUI, row.STY) for row in rows("MRSTY") if row.CUI in known})


def read_definitions(rows: Rows, known: set[str]) -> list[tuple[Any, ...]]:
    """MRDEF -> definitions."""
    found = set()
    for row in rows("MRDEF"):
        if row.SUPPRESS not in SUPPRESSED and row.CUI in known:
            found.add((row.CUI, row.SAB, row.DEF))
    return sorted(found)


def read_retired(rows: Rows, known: set[str]) -> list[tuple[Any, ...]]:
    """MRCUI -> retired."""
    successors: dict[str, set[str]] = {}
    for row in rows("MRCUI"):
        if row.REL == "SY" and row.CUI1 not in known and row.CUI2 in known:
            successors.setdefault(row.CUI1, set()).add(row.CUI2)
    return sorted((cui, *to) for cui, to in successors.items() if len(to) == 1)


COLUMNS = {
    "concepts": "cui name",
    "names": "cui name sab tty preferred",
    "codes": "cui sab code",
    "semantic_types": "cui tui sty",
    "definitions": "cui sab definition",
    "relations": "head tail rel rela sab",
    "retired": "cui successor",
}


def main() -> None:
    """Write the tables; print the seconds of each RRF file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--meta", type=Path, required=True, help="the META folder")
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--loop", choices=["iterrows", "itertuples"], default="iterrows")
    args = parser.parse_args()
    args.out_dir.mkdir(parents=True, exist_ok=True)
    rows, seconds = looper(args.meta, args.loop), {}

    def write(table: str, found: list[tuple[Any, ...]]) -> None:
        frame = pd.DataFrame(found, columns=COLUMNS[table].split())
        frame.to_parquet(args.out_dir / f"{table}.parquet", compression="zstd", index=False)

    start = time.perf_counter()
    tables = read_names(rows)
    for table, found in tables.items():
        write(table, found)
    seconds["MRCONSO"] = time.perf_counter() - start
    known = {cui for cui, _ in tables["concepts"]}
    for source, table, read in (
        ("MRREL", "relations", read_relations),
        ("MRSTY", "semantic_types", read_types),
        ("MRDEF", "definitions", read_definitions),
        ("MRCUI", "retired", read_retired),
    ):
        start = time.perf_counter()
        write(table, read(rows, known))
        seconds[source] = time.perf_counter() - start
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
