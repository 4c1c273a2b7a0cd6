"""`bali umls tables`: the RRF files of one or more META folders -> sorted Parquet tables.

The folders are merged into one knowledge graph. Each input row gets the first reason that drops
it; the labelled rows are staged once and both the counts and the table come from them, so that
the account holds whatever Spark computes twice.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bali.counts import Counts
from bali.errors import InputError
from bali.relations import RELS, Relations, read_relations
from bali.semantic_groups import read_semantic_groups
from bali.storage import from_columns, write_table
from bali.tables import TABLES
from bali.umls import attributes, heldout, mirrored, names, relations, retired, settings
from bali.umls.filtered import Filtered, filter_rows
from bali.umls.rejects import write_rejects
from bali.umls.release import RrfTable, find_tables
from bali.umls.rrf import read_rrf
from bali.umls.settings import Choice, Settings
from bali.umls.spark import (
    Workspace,
    finish,
    open_workspace,
    side_by_side,
)
from bali.umls.staging import Staged, stage
from bali.umls.writing import Written, write_sorted


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
    # everything is filtered before anything is written: bad input leaves no output
    kg = _filter_all(tables, settings, work)
    out = _Output(folder, Counts("umls.tables"), work)
    with side_by_side(work) as pool:
        written = [  # the longest first, that none of them runs alone at the end
            pool.submit(_write_names, kg, settings, out),
            pool.submit(_write_relations, kg.relations, words, out),
            pool.submit(_write_codes, kg.atoms, out),
            pool.submit(_write_concepts, kg, out),
            pool.submit(out.write_distinct, "semantic_types", kg.types),
            pool.submit(out.write_distinct, "definitions", kg.definitions),
            pool.submit(_write_retired, kg.retired, out),
        ]
        finish(*written)
    broken = [rows for rows in kg.filtered if rows.malformed]
    write_rejects(
        [table for rows in broken for table in rows.tables],
        sum(rows.malformed for rows in broken),
        folder / "rejects.parquet",
    )
    return out.counts


@dataclass(frozen=True)
class _Filtered:
    """The RRF tables after the filters; `names` and `concepts` are staged."""

    atoms: Filtered
    relations: Filtered
    types: Filtered
    definitions: Filtered
    retired: Filtered | None
    names: DataFrame  # distinct ones
    concepts: Staged  # cui, name, names

    @property
    def filtered(self) -> list[Filtered]:
        every = [self.atoms, self.relations, self.types, self.definitions, self.retired]
        return [rows for rows in every if rows]


def _filter_all(
    tables: dict[str, list[RrfTable]], settings: Settings, work: Workspace
) -> _Filtered:
    def read(name: str) -> DataFrame:
        return read_rrf(tables[name], work)

    def keep(name: str, labelled: DataFrame, reasons: tuple[str, ...]) -> Filtered:
        return filter_rows(tables[name], labelled, reasons, settings.malformed_share, work)

    chosen = None
    if settings.types:
        of_types = attributes.concepts_of_types(read("MRSTY"), settings.types)
        chosen = stage(of_types, "chosen", work).rows
    atoms = keep("MRCONSO", names.label_atoms(read("MRCONSO"), settings, chosen), names.REASONS)
    Choice(frozenset(settings.languages)).require_known(atoms.values("lat"), "umls.languages")
    if settings.sources:
        settings.sources.require_known(atoms.values("sab"), "umls.sources")
    if settings.term_types:
        settings.term_types.require_known(atoms.values("tty"), "umls.term_types")
    distinct = stage(names.distinct_names(atoms.rows, atoms.kinds("sab", "tty")), "names", work)
    concepts = stage(names.own_names(distinct.rows), "concepts", work)

    def keep_retired() -> Filtered | None:
        if not tables["MRCUI"]:
            return None
        return keep("MRCUI", retired.label_retired(read("MRCUI"), concepts.rows), retired.REASONS)

    rel = relations.label_relations(read("MRREL"), concepts.rows, settings)
    sty = attributes.label_types(read("MRSTY"), concepts.rows)
    mrdef = attributes.label_definitions(read("MRDEF"), concepts.rows, settings)
    with side_by_side(work) as pool:
        edges = pool.submit(keep, "MRREL", rel, relations.REASONS)
        types = pool.submit(keep, "MRSTY", sty, attributes.TYPE_REASONS)
        definitions = pool.submit(keep, "MRDEF", mrdef, attributes.DEFINITION_REASONS)
        old = pool.submit(keep_retired)
        finish(edges, types, definitions, old)
    kept = edges.result(), types.result(), definitions.result(), old.result()
    if settings.relations:
        settings.relations.require_known(kept[0].values("rel", "rela"), "umls.relations")
    require_rels({rel for (rel,) in kept[0].kinds("rel")}, tables["MRREL"])
    return _Filtered(atoms, *kept, distinct.rows, concepts)


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

    def write(self, table: str, rows: DataFrame, distinct: Sequence[str] = ()) -> Written:
        """Sort and write rows (`write_sorted`)."""
        return write_sorted(rows, table, self.folder / f"{table}.parquet", self.work, distinct)

    def write_distinct(self, table: str, filtered: Filtered) -> None:
        """Write the distinct rows that passed, and count."""
        kept = self.write(table, filtered.rows, list(TABLES[table].columns)).kept
        self.account(table, filtered, kept, {"duplicate": filtered.passed - kept})

    def account(self, table: str, filtered: Filtered, kept: int, dropped: dict[str, int]) -> None:
        """Count a table's rows: those of the filters, then those of `dropped`."""
        every = filtered.dropped | dropped
        self.counts.add(table, read=filtered.read, kept=kept, dropped=every)


def _write_concepts(kg: _Filtered, out: _Output) -> None:
    read = names.count_concepts(kg.atoms.labelled)
    kept = out.write("concepts", kg.concepts.rows).kept
    out.counts.add("concepts", read=read, kept=kept, dropped={"no name left": read - kept})


def _write_names(kg: _Filtered, settings: Settings, out: _Output) -> None:
    """Write heldout and names."""
    choice = stage(heldout.choose_heldout(kg.names, settings.heldout), "heldout", out.work)
    taken = choice.rows.where(F.col("reason").isNull())
    given = out.write("heldout", taken).kept
    reasons = choice.tally("reason")
    not_given = {reason: reasons[reason,] for reason in settings.heldout.reasons}
    out.counts.add("heldout", read=kg.concepts.count(), kept=given, dropped=not_given)

    left = kg.names.join(F.broadcast(taken), ["cui", "name"], "left_anti")
    kept = out.write("names", left).kept
    repeated = kg.atoms.passed - kept - given
    out.account("names", kg.atoms, kept, {"duplicate": repeated, "held out": given})


def _write_codes(atoms: Filtered, out: _Output) -> None:
    coded = out.write("codes", names.coded_atoms(atoms.rows), ["cui", "sab", "code"])
    dropped = {names.NO_CODE: atoms.passed - coded.read, "duplicate": coded.read - coded.kept}
    out.account("codes", atoms, coded.kept, dropped)


def _write_relations(edges: Filtered, words: Relations | None, out: _Output) -> None:
    if words is None:
        kept = out.write("relations", edges.rows, ["head", "tail", "rel", "rela"]).kept
        out.account("relations", edges, kept, {"duplicate": edges.passed - kept})
        return
    both = stage(relations.distinct_relations(edges.rows), "relations", out.work)
    one = mirrored.one_direction(both.rows, both.tally("rel", "rela"), words)
    number, kept = both.count(), out.write("relations", one).kept
    dropped = {"duplicate": edges.passed - number, "mirrored": number - kept}
    out.account("relations", edges, kept, dropped)


def _write_retired(old: Filtered | None, out: _Output) -> None:
    """Write retired; empty where no META folder has MRCUI.RRF."""
    if old is None:
        nothing = from_columns("retired", {"cui": [], "successor": []})
        write_table("retired", nothing, out.folder / "retired.parquet")
        return
    pairs = stage(old.rows.distinct(), "retired", out.work)
    number, kept = pairs.count(), out.write("retired", retired.single_successors(pairs.rows)).kept
    repeated = {"duplicate": old.passed - number, retired.AMBIGUOUS: number - kept}
    out.account("retired", old, kept, repeated)
