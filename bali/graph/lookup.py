"""Finds concepts by CUI or name, and the rows of a few concepts in tables of any size.

The tables are sorted by CUI and cut into row groups, each with its least and greatest CUI: only
the row groups that can hold a concept are read, and it is looked for by bisection. A name is
searched for in all of `names`, as that is sorted by concept; Arrow filters row groups in parallel
and Python sees the few rows that are left.

Nothing here makes an Arrow array of a Python list, nor uses pyarrow.dataset: both load pandas,
which takes longer than the look-ups.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from heapq import nsmallest
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bali.errors import InputError
from bali.files import require_file
from bali.storage import ROW_GROUP
from bali.tables import TABLES
from bali.text import normalise

CUI = re.compile(r"C[0-9]{7}")
NEAREST = 5  # names offered where none matches
MOST_CANDIDATES = 50_000  # names that are compared for it
LISTED = 10  # concepts listed where a name has several


@dataclass(frozen=True)
class Concept:
    """A concept and what UMLS says of it; each list in the order in which it is shown.

    Attributes:
        cui: its identifier.
        name: its preferred name, or the first by rule.
        names: (name, source, term type, preferred), the preferred ones first.
        types: (TUI, name of the semantic type).
        definitions: (source, text).
    """

    cui: str
    name: str
    names: list[tuple[str, str, str, bool]]
    types: list[tuple[str, str]]
    definitions: list[tuple[str, str]]


def open_table(table: str, path: Path) -> pq.ParquetFile:
    """Open a table without reading rows.

    Raises:
        InputError: there is no such file, it is no Parquet, or its columns are others.
    """
    require_file(path, f"it is the table {table}: run `snakemake --cores 2 graph` first")
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise InputError(f"{path}: no Parquet file ({error}); remove it and run again") from None
    if not file.schema_arrow.equals(TABLES[table].schema):
        raise InputError(f"{path}: its columns are not those of the table {table}; run it again")
    return file


def rows_of(table: str, path: Path, cuis: Iterable[str], *columns: str) -> pa.Table:
    """Rows of some concepts: cui and the columns named, in the order of the table, by CUI."""
    wanted = sorted(set(cuis))
    with open_table(table, path) as file:
        column = file.schema_arrow.get_field_index("cui")
        parts = [file.read_row_groups([], columns=["cui", *columns])]  # no rows
        for group in range(file.metadata.num_row_groups):
            range_of = file.metadata.row_group(group).column(column).statistics
            inside = wanted
            if range_of is not None and range_of.has_min_max:
                inside = [cui for cui in wanted if range_of.min <= cui <= range_of.max]
            if inside:
                rows = file.read_row_group(group, columns=["cui", *columns])
                parts += [_slice(rows, cui) for cui in inside]
        return pa.concat_tables(parts)


def _slice(rows: pa.Table, cui: str) -> pa.Table:
    """The rows of one concept, of rows sorted by CUI."""
    cuis = rows["cui"]
    places = range(len(cuis))
    start = bisect_left(places, cui, key=lambda at: cuis[at].as_py())
    stop = bisect_right(places, cui, lo=start, key=lambda at: cuis[at].as_py())
    return rows.slice(start, stop - start)


def node_rows(path: Path, nodes: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Node id -> (CUI, name), from the table nodes, whose row n is node n."""
    found: dict[int, tuple[str, str]] = {}
    wanted = np.unique(np.fromiter(nodes, np.int64))
    with open_table("nodes", path) as file:
        for group in np.unique(wanted // ROW_GROUP):
            inside = wanted[wanted // ROW_GROUP == group]
            rows = file.read_row_group(int(group), columns=["cui", "name"])
            for node in inside.tolist():
                at = node - int(group) * ROW_GROUP
                found[node] = (rows["cui"][at].as_py(), rows["name"][at].as_py())
    return found


def find_concept(umls: Path, query: str) -> str:
    """The CUI that a user means by a CUI or a name.

    Args:
        umls: folder of the umls stage's tables.
        query: a CUI, or a name that equals one of a concept's names in normal form.

    Raises:
        InputError: no concept or several ones have this name; the message lists what is near.
    """
    if CUI.fullmatch(query.strip().upper()):
        return query.strip().upper()
    wanted = normalise(query)
    if not wanted:
        raise InputError(f"{query!r}: neither a CUI nor a name: it holds no letter and no digit")
    longest = max(wanted.split(), key=len)
    rows = _names_with(umls, wanted.split())
    same = {cui for cui, name in rows if normalise(name) == wanted}
    if not same:
        rows = _names_with(umls, [longest]) or _names_with(umls, [longest[:4]])
        near = _nearest(rows, wanted)
        offer = "; ".join(f"{name} ({cui})" for cui, name in near)
        raise InputError(
            f"{query!r}: no concept has this name; "
            + (f"the nearest are {offer}" if near else f"no name in {umls} is near to it")
        )
    if len(same) > 1:
        concepts = rows_of("concepts", umls / "concepts.parquet", same, "name")
        named = [f"{row['cui']} {row['name']}" for row in concepts.to_pylist()]
        more = f"; and {len(named) - LISTED} more" if len(named) > LISTED else ""
        raise InputError(
            f"{query!r}: the name of {len(named)} concepts: {'; '.join(named[:LISTED])}{more}; "
            "give the CUI of one"
        )
    return same.pop()


def _names_with(umls: Path, words: list[str]) -> list[tuple[str, str]]:
    """(CUI, name) of all names that hold all these words, whatever the case of their letters."""
    path = umls / "names.parquet"
    with open_table("names", path) as file:
        metadata = file.metadata
    first, *others = sorted(words, key=len, reverse=True)  # the longest is in the fewest names

    def search(group: int) -> list[tuple[str, str]]:
        with pq.ParquetFile(path, metadata=metadata) as file:
            names = file.read_row_group(group, columns=["name"], use_threads=False)["name"]
            at = pc.indices_nonzero(pc.match_substring(names, first, ignore_case=True))
            for word in others:
                holds = pc.match_substring(names.take(at), word, ignore_case=True)
                at = at.filter(holds.combine_chunks())
            if not len(at):
                return []
            cuis = file.read_row_group(group, columns=["cui"], use_threads=False)["cui"]
        return list(zip(cuis.take(at).to_pylist(), names.take(at).to_pylist(), strict=True))

    with ThreadPoolExecutor() as pool:
        return [row for rows in pool.map(search, range(metadata.num_row_groups)) for row in rows]


def _nearest(rows: list[tuple[str, str]], wanted: str) -> list[tuple[str, str]]:
    """The names that share most character 3-grams with a normal form (Jaccard)."""

    def grams(name: str) -> set[str]:
        padded = f"  {name} "
        return {padded[at : at + 3] for at in range(len(padded) - 2)}

    ours = grams(wanted)

    def distance(row: tuple[str, str]) -> tuple[float, str, str]:
        theirs = grams(normalise(row[1]))
        return -len(ours & theirs) / len(ours | theirs), row[1], row[0]

    return nsmallest(NEAREST, rows[:MOST_CANDIDATES], key=distance)


def read_concept(umls: Path, cui: str) -> Concept:
    """All about one concept.

    Raises:
        InputError: there is no such concept; a retired CUI is answered with its successor.
    """
    found = rows_of("concepts", umls / "concepts.parquet", [cui], "name")
    if not found.num_rows:
        raise InputError(f"{cui}: no concept of {umls / 'concepts.parquet'}{_successor(umls, cui)}")
    return read_concepts(umls, {cui: found["name"][0].as_py()})[cui]


def _successor(umls: Path, cui: str) -> str:
    path = umls / "retired.parquet"
    if path.is_file():
        for row in rows_of("retired", path, [cui], "successor").to_pylist():
            return f"; it is retired, {row['successor']} took its place"
    return "; it is none, or a filter of `umls` in the config dropped it"


def read_concepts(umls: Path, named: dict[str, str]) -> dict[str, Concept]:
    """All about some concepts, by CUI; `named` gives each one's name."""
    concepts = {cui: Concept(cui, name, [], [], []) for cui, name in named.items()}

    def rows(table: str, *columns: str) -> list[dict[str, str]]:
        path = umls / f"{table}.parquet"
        found: list[dict[str, str]] = rows_of(table, path, named, *columns).to_pylist()
        return found

    for row in rows("names", "name", "sab", "tty", "preferred"):
        entry = (row["name"], row["sab"], row["tty"], bool(row["preferred"]))
        concepts[row["cui"]].names.append(entry)
    for row in rows("semantic_types", "tui", "sty"):
        concepts[row["cui"]].types.append((row["tui"], row["sty"]))
    for row in rows("definitions", "sab", "definition"):
        concepts[row["cui"]].definitions.append((row["sab"], row["definition"]))
    for concept in concepts.values():
        _preferred_first(concept)
    return concepts


def _preferred_first(concept: Concept) -> None:
    """Sort the names: the concept's own, then preferred ones, then the rest."""
    concept.names.sort(key=lambda entry: (entry[0] != concept.name, not entry[3], entry[:3]))
