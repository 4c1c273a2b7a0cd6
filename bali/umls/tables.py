"""`bali umls tables`: MRCONSO, MRREL, MRSTY, MRDEF of one or more META folders -> seven tables.

The folders are merged into one knowledge graph. Each input row gets the first reason that drops
it; the labelled rows are staged once and both the counts and the table come from them, so that
the account holds whatever Spark computes twice.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bali.counts import Counts
from bali.umls import attributes, heldout, names, relations
from bali.umls.rrf import MALFORMED, read_rrf, reject_malformed, require_rrf
from bali.umls.spark import Workspace, count_reasons, open_workspace, stage, write_sorted


@dataclass(frozen=True)
class Inputs:
    """RRF files, one a META folder."""

    conso: Sequence[Path]
    rel: Sequence[Path]
    sty: Sequence[Path]
    definitions: Sequence[Path]


@dataclass(frozen=True)
class Settings:
    """`umls` of the config.

    Attributes:
        languages: values of MRCONSO.LAT to keep.
        suppressed: values of SUPPRESS to drop, in all tables.
        heldout: choice of the names taken out.
    """

    languages: Sequence[str]
    suppressed: Sequence[str]
    heldout: heldout.Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali umls tables`."""
    for flag, table in (
        ("--conso", "MRCONSO"),
        ("--rel", "MRREL"),
        ("--sty", "MRSTY"),
        ("--definitions", "MRDEF"),
    ):
        parser.add_argument(
            flag,
            metavar="FILE",
            type=Path,
            nargs="+",
            required=True,
            help=f"{table}.RRF, one a META folder",
        )
    parser.add_argument("--languages", nargs="+", required=True, help="values of LAT to keep")
    parser.add_argument("--suppressed", nargs="*", required=True, help="values of SUPPRESS to drop")
    parser.add_argument(
        "--min-names", type=int, required=True, help="names of a concept that gives one"
    )
    parser.add_argument("--share", type=float, required=True, help="share of those concepts")
    parser.add_argument("--seed", type=int, required=True, help="of the choice of names")
    parser.add_argument("--threads", type=int, default=1, help="of a local Spark")
    parser.add_argument("--memory-mb", type=int, default=2048, help="of the whole job, MiB")
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--counts", type=Path, required=True, help="counts.json to write")


def run(args: argparse.Namespace) -> None:
    """Check the files, start Spark, write the tables, then the counts."""
    inputs = Inputs(args.conso, args.rel, args.sty, args.definitions)
    settings = Settings(
        args.languages,
        args.suppressed,
        heldout.Settings(args.min_names, args.share, args.seed),
    )
    size = require_rrf([*inputs.conso, *inputs.rel, *inputs.sty, *inputs.definitions])
    with open_workspace(args.threads, args.memory_mb, size) as work:
        counts = write_tables(inputs, settings, args.out_dir, work)
    counts.write(args.counts)


def write_tables(inputs: Inputs, settings: Settings, folder: Path, work: Workspace) -> Counts:
    """Write concepts, names, codes, semantic_types, definitions, relations and heldout.

    Args:
        inputs: files that exist.
        settings: of the stage.
        folder: gets `<table>.parquet`.
        work: the session and its scratch folder.

    Returns:
        What each table read, kept and dropped by reason.

    Raises:
        InputError: an RRF row has too few or too many fields, or is not UTF-8.
    """
    spark, drop = work.spark, settings.suppressed

    def read(kind: str, files: Sequence[Path]) -> DataFrame:
        return read_rrf(spark, kind, files)

    # 1. filter everything: a malformed row stops the step before there is any output
    conso = names.label_atoms(read("MRCONSO", inputs.conso), settings.languages, drop)
    atoms = _filter("MRCONSO", inputs.conso, conso, names.REASONS, work)
    distinct = stage(names.distinct_names(atoms.rows), "names", work)
    concepts = stage(names.choose_concepts(distinct), "concepts", work)
    rel = relations.label_relations(read("MRREL", inputs.rel), concepts, drop)
    edges = _filter("MRREL", inputs.rel, rel, relations.REASONS, work)
    sty = attributes.label_types(read("MRSTY", inputs.sty), concepts)
    types = _filter("MRSTY", inputs.sty, sty, attributes.TYPE_REASONS, work)
    mrdef = attributes.label_definitions(read("MRDEF", inputs.definitions), concepts, drop)
    texts = _filter("MRDEF", inputs.definitions, mrdef, attributes.DEFINITION_REASONS, work)
    choice = stage(heldout.choose_heldout(distinct, concepts, settings.heldout), "heldout", work)
    taken = choice.where(F.col("reason").isNull())

    # 2. write the tables
    def write(rows: DataFrame, table: str) -> int:
        return write_sorted(rows, table, folder / f"{table}.parquet", work)

    counts = Counts("umls.tables")
    kept = write(concepts, "concepts")
    cuis = atoms.labelled.select("cui").distinct().count()
    counts.add("concepts", read=cuis, kept=kept, dropped={"no name left": cuis - kept})

    given, not_given = count_reasons(choice, settings.heldout.reasons)
    write(taken, "heldout")
    counts.add("heldout", read=kept, kept=given, dropped=not_given)

    kept = write(distinct.join(taken, ["cui", "name"], "left_anti"), "names")
    repeated = atoms.passed - kept - given
    counts.add(
        "names",
        read=atoms.read,
        kept=kept,
        dropped=atoms.dropped | {"duplicate": repeated, "held out": given},
    )

    coded = names.coded_atoms(atoms.rows)
    without = atoms.passed - coded.count()
    kept = write(coded.select("cui", "sab", "code").distinct(), "codes")
    counts.add(
        "codes",
        read=atoms.read,
        kept=kept,
        dropped=atoms.dropped
        | {names.NO_CODE: without, "duplicate": atoms.passed - without - kept},
    )

    for table, filtered, rows in (
        ("semantic_types", types, types.rows.distinct()),
        ("definitions", texts, texts.rows.distinct()),
        ("relations", edges, relations.distinct_relations(edges.rows)),
    ):
        kept = write(rows, table)
        repeated = filtered.passed - kept
        counts.add(
            table,
            read=filtered.read,
            kept=kept,
            dropped=filtered.dropped | {"duplicate": repeated},
        )
    counts.facts["meta"] = [release_of(path) for path in inputs.conso]
    return counts


def release_of(path: Path) -> str:
    """Name of the release that an RRF file belongs to: resources/umls/2023AB/META -> 2023AB."""
    folder = path.absolute().parent
    return folder.parent.name if folder.name == "META" else folder.name


@dataclass(frozen=True)
class _Filtered:
    """Rows of an RRF table after the filters.

    Attributes:
        labelled: all rows, with the column `reason`.
        passed: number of those that no filter drops.
        dropped: reason -> number, in the order of the filters.
    """

    labelled: DataFrame
    passed: int
    dropped: dict[str, int]

    @property
    def rows(self) -> DataFrame:
        """The rows that no filter drops."""
        return self.labelled.where(F.col("reason").isNull()).drop("reason")

    @property
    def read(self) -> int:
        """Number of all rows."""
        return self.passed + sum(self.dropped.values())


def _filter(
    kind: str, files: Sequence[Path], labelled: DataFrame, reasons: Sequence[str], work: Workspace
) -> _Filtered:
    """Stage labelled rows and count them.

    Raises:
        InputError: a row is malformed.
    """
    staged = stage(labelled, kind, work)
    passed, dropped = count_reasons(staged, [MALFORMED, *reasons])
    if dropped.pop(MALFORMED):
        reject_malformed(kind, files)
    return _Filtered(staged, passed, dropped)
