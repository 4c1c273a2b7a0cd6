"""`bali umls tables`: the RRF files of one or more META folders -> sorted Parquet tables.

The folders are merged into one knowledge graph. Each input row gets the first reason that drops
it; the labelled rows are staged once and both the counts and the table come from them, so that
the account holds whatever Spark computes twice.
"""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from collections.abc import Iterable, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import functions as F

from bali.counts import Counts
from bali.errors import InputError
from bali.relations import RELS, Relations, read_relations
from bali.semantic_groups import read_semantic_groups
from bali.storage import TableWriter
from bali.umls import attributes, heldout, names, relations, retired, settings
from bali.umls.attributes import Attributes
from bali.umls.filtered import Filtered
from bali.umls.names import Atoms, Codes, Names
from bali.umls.rejects import write_rejects
from bali.umls.relations import Edges, Mirrored
from bali.umls.release import RrfTable, find_tables
from bali.umls.retired import Retired
from bali.umls.rrf import read_rrf
from bali.umls.runs import Runs
from bali.umls.settings import Choice, Settings
from bali.umls.spark import Workspace, finish, open_workspace, side_by_side
from bali.umls.staging import Staged, stage

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali umls tables`."""
    parser.add_argument(
        "--meta", metavar="DIR", type=Path, nargs="+", required=True, help="META folders, merged"
    )
    settings.add_arguments(parser)
    parser.add_argument(
        "--phrases", type=Path, help="resources/relations.tsv, whose inverses --no-mirrored needs"
    )
    parser.add_argument(
        "--mrdoc", type=Path, nargs="*", default=[], help="MRDOC.RRF files; they settle inverses"
    )
    parser.add_argument(
        "--semantic-groups", type=Path, required=True, help="resources/semantic_groups.tsv"
    )
    parser.add_argument("--threads", type=int, default=1, help="of a local Spark")
    parser.add_argument("--memory-mb", type=int, default=2048, help="of the whole job, MiB")
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--counts", type=Path, required=True, help="counts.json to write")


def run(args: argparse.Namespace) -> None:
    """Check the files, start Spark, write the tables, then the counts."""
    tables = find_tables(args.meta)
    chosen = settings.from_arguments(args, read_semantic_groups(args.semantic_groups))
    if not (args.mirrored or args.phrases):
        raise InputError(
            "--no-mirrored needs --phrases: resources/relations.tsv knows the inverses"
        )
    words = None if args.mirrored else read_relations(args.phrases, args.mrdoc)
    size = sum(table.bytes for found in tables.values() for table in found)
    with open_workspace(args.threads, args.memory_mb, size) as work:
        counts = write_tables(tables, chosen, words, args.out_dir, work)
    counts.facts["meta"] = [release_of(meta) for meta in args.meta]
    counts.write(args.counts)


def release_of(meta: Path) -> str:
    """Name of the release that a META folder belongs to: resources/umls/2023AB/META -> 2023AB."""
    folder = meta.absolute()
    return folder.parent.name if folder.name == "META" else folder.name


def write_tables(
    tables: dict[str, list[RrfTable]],
    settings: Settings,
    words: Relations | None,
    folder: Path,
    work: Workspace,
) -> Counts:
    """Write all tables of the stage.

    Args:
        tables: RRF table -> where it stands, in each META folder that has it.
        settings: of the stage.
        words: knows the inverses of relations; None to keep both directions.
        folder: gets `<table>.parquet`.
        work: the session and its scratch folder.

    Returns:
        What each table read, kept and dropped by reason.

    Raises:
        InputError: too many rows are malformed, a table has other rows than MRFILES.RRF states,
            or a setting names what no row has.
    """
    with side_by_side(work) as pool:
        # everything is filtered before anything is written: bad input leaves no output
        kg = _filter_all(tables, settings, work, pool)
        out = _Output(folder, Counts("umls.tables"), work)
        finish(  # the longest first, that none of them runs alone at the end
            pool.submit(_write_relations, kg.edges, words, out),
            pool.submit(_write_names, kg, settings.heldout, out),
            pool.submit(_write_codes, kg, out),
            pool.submit(_write_concepts, kg, out),
            pool.submit(out.write_rows, "semantic_types", kg.types.filtered, kg.types.types()),
            pool.submit(
                out.write_rows, "definitions", kg.definitions.filtered, kg.definitions.definitions()
            ),
            pool.submit(_write_retired, kg.retired, out),
        )
    broken = [rows for rows in kg.filtered if rows.malformed]
    write_rejects(
        [table for rows in broken for table in rows.tables],
        sum(rows.malformed for rows in broken),
        folder / "rejects.parquet",
    )
    return out.counts


@dataclass(frozen=True)
class _Kept:
    """The RRF tables after the filters; rows in the scratch folder."""

    atoms: Atoms
    names: Future[Names]
    edges: Edges
    types: Attributes
    definitions: Attributes
    retired: Retired | None

    @property
    def filtered(self) -> list[Filtered]:
        retired = [self.retired.filtered] if self.retired else []
        parts = (self.atoms, self.edges, self.types, self.definitions)
        return [*(part.filtered for part in parts), *retired]


def _filter_all(
    tables: dict[str, list[RrfTable]],
    settings: Settings,
    work: Workspace,
    pool: ThreadPoolExecutor,
) -> _Kept:
    def parse(name: str) -> Staged:
        rows = [read_rrf(table, place, work) for place, table in enumerate(tables[name])]
        if name == "MRCONSO":
            rows = [part.withColumns(heldout.draws(settings.heldout, wanted)) for part in rows]
        return stage(rows, tables[name], work)

    def runs(name: str, key: str) -> Runs:
        return Runs(work.scratch / "runs" / name, key)

    # while Spark parses the longest, the others are filtered and sorted
    wanted = F.substring_index("kind", "|", 1).isin(*settings.languages)
    order = ("MRSTY", "MRCONSO", "MRDEF", "MRCUI", "MRREL")
    parsed = {name: pool.submit(parse, name) for name in order if tables[name]}
    chosen = None
    if settings.types:
        chosen = attributes.concepts_of_types(parsed["MRSTY"].result(), settings.types)
    atoms = Atoms(parsed["MRCONSO"].result(), settings, chosen, runs("MRCONSO", "cui"))
    known = atoms.filtered.values
    Choice(frozenset(settings.languages)).require_known(known(names.LAT), "umls.languages")
    settings.sources.require_known(known(names.SAB), "umls.sources")
    settings.term_types.require_known(known(names.TTY), "umls.term_types")
    distinct = pool.submit(Names, atoms, work.scratch / "names")

    def attribute(name: str, *why: Any) -> Attributes:
        staged = parsed[name].result()
        return Attributes(staged, settings, atoms.concepts, runs(name, "cui"), *why)

    types = attribute("MRSTY", attributes.no_reason, attributes.TYPE_REASONS)
    why = attributes.why_no_definition(settings)
    definitions = attribute("MRDEF", why, attributes.DEFINITION_REASONS)
    retired = None
    if tables["MRCUI"]:
        retired = Retired(parsed["MRCUI"].result(), settings, atoms.concepts, runs("MRCUI", "cui"))
    edges = Edges(parsed["MRREL"].result(), settings, atoms.concepts, runs("MRREL", "ends"))
    found = edges.filtered
    settings.relations.require_known(found.values(relations.REL, relations.RELA), "umls.relations")
    passing = {kind[0] for kind, passes in zip(found.kinds, found.passing, strict=True) if passes}
    require_rels(passing, tables["MRREL"])
    return _Kept(atoms, distinct, edges, types, definitions, retired)


def require_rels(found: Set[str], tables: Sequence[RrfTable]) -> None:
    """Check the RELs of the relations that pass: each needs an inverse and a phrase.

    Raises:
        InputError: one is none of MRREL's.
    """
    if unknown := sorted(found - RELS.keys()):
        raise InputError(
            f"{tables[0].files[0]}: REL {unknown[0]!r} is none of {', '.join(sorted(RELS))}; are "
            "the columns in their places? Or drop it: umls.relations.drop"
        )


@dataclass(frozen=True)
class _Output:
    """Where the tables go and what is counted of them."""

    folder: Path
    counts: Counts
    work: Workspace

    def write(self, table: str, rows: Iterable[pa.Table]) -> int:
        """Write sorted rows; returns their number."""
        with TableWriter(table, self.folder / f"{table}.parquet") as out:
            for part in rows:
                out.write(part)
        logger.info("%s: %d rows", table, out.rows)
        return out.rows

    def write_rows(self, table: str, filtered: Filtered, rows: Iterable[pa.Table]) -> None:
        """Write the distinct rows that passed, and count."""
        kept = self.write(table, rows)
        self.account(table, filtered, kept, {"duplicate": filtered.passed - kept})

    def account(self, table: str, filtered: Filtered, kept: int, dropped: dict[str, int]) -> None:
        """Count a table's rows: those of the filters, then those of `dropped`."""
        every = filtered.dropped | dropped
        self.counts.add(table, read=filtered.read, kept=kept, dropped=every)


def _write_concepts(kg: _Kept, out: _Output) -> None:
    kept = out.write("concepts", map(names.own_names, kg.names.result().spool))
    read = kg.atoms.seen
    out.counts.add("concepts", read=read, kept=kept, dropped={"no name left": read - kept})


def _write_names(kg: _Kept, settings: heldout.Settings, out: _Output) -> None:
    """Write heldout and names."""
    found = kg.names.result()
    given, why = 0, Counter[int]()
    with (
        TableWriter("heldout", out.folder / "heldout.parquet") as questions,
        TableWriter("names", out.folder / "names.parquet") as left,
    ):
        for rows in found.spool:
            taken, reasons = heldout.choose_heldout(rows, found.single, settings)
            why.update(reasons.tolist())
            questions.write(heldout.questions(rows.filter(pa.array(taken))))
            left.write(kg.atoms.table(rows.filter(pa.array(~taken))))
    given, kept = questions.rows, left.rows
    logger.info("names: %d rows, %d held out", kept, given)
    not_given = {reason: why[n] for n, reason in enumerate(settings.reasons)}
    out.counts.add("heldout", read=sum(why.values()), kept=given, dropped=not_given)
    filtered = kg.atoms.filtered
    repeated = {"duplicate": filtered.passed - kept - given, "held out": given}
    out.account("names", filtered, kept, repeated)


def _write_codes(kg: _Kept, out: _Output) -> None:
    filtered = kg.atoms.filtered
    codes = Codes(kg.atoms)
    kept = out.write("codes", codes)
    dropped = {names.NO_CODE: filtered.passed - codes.read, "duplicate": codes.read - kept}
    out.account("codes", filtered, kept, dropped)


def _write_relations(edges: Edges, words: Relations | None, out: _Output) -> None:
    passed = edges.filtered.passed
    if words is None:
        kept = out.write("relations", (edges.table(*rows) for rows in edges))
        out.account("relations", edges.filtered, kept, {"duplicate": passed - kept})
        return
    mirrored = Mirrored(edges, words, out.work.scratch / "relations.bin")
    kept = out.write("relations", (edges.table(*mirrored.without_seconds(*rows)) for rows in edges))
    dropped = {"duplicate": passed - len(mirrored), "mirrored": len(mirrored) - kept}
    out.account("relations", edges.filtered, kept, dropped)


def _write_retired(old: Retired | None, out: _Output) -> None:
    """Write retired; empty where no META folder has MRCUI.RRF."""
    if old is None:
        out.write("retired", [])
        return
    kept = out.write("retired", old)
    repeated = {
        "duplicate": old.filtered.passed - old.distinct,
        retired.AMBIGUOUS: old.distinct - kept,
    }
    out.account("retired", old.filtered, kept, repeated)
