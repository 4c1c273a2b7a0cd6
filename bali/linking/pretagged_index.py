"""Pre-tagged files -> one table of their mentions with concepts, sorted by PMID.

Files are read side by side; their mentions go to sorted runs on disk and are merged. Of several
documents with one PMID the first counts, in the order of the files. Every mention that is read is
kept or counted by reason; identifiers without a concept are counted by their vocabulary.
"""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bali.counts import Counts
from bali.linking.types import ranks_of_types
from bali.log import progress
from bali.pretagged.concepts import Concepts, Tables
from bali.pretagged.reading import FORMATS, NO_IDENTIFIER, NO_PMID, SCHEMA, FileContent, read_file
from bali.pretagged.runs import merge
from bali.pretagged.tagged import ELSEWHERE, NOWHERE, PIECES
from bali.pretagged.vocabularies import UNKNOWN, Identifier, Vocabularies, counted_as
from bali.storage import TableWriter
from bali.tables import TABLES

logger = logging.getLogger(__name__)

REPEATED_DOCUMENT = "in a document read before"
REPEATED_SPAN = "span read before"
TYPE = "semantic type"
PREFIXES = 50  # unknown ones that are told apart, the most frequent ones


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali linking pretagged_index`."""
    parser.add_argument("--files", type=Path, nargs="+", required=True, help="the first one wins")
    parser.add_argument("--format", choices=FORMATS, required=True)
    parser.add_argument("--max-decompressed-mb", type=int, required=True, help="cap for each file")
    for name in ("concepts", "codes", "retired", "names", "semantic-types"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="table of the umls stage")
    parser.add_argument("--maps", type=Path, nargs="*", default=[], help="files of identifiers")
    parser.add_argument("--vocabularies", type=Path, required=True, help="vocabularies.tsv")
    parser.add_argument("--semantic-groups", type=Path, required=True)
    parser.add_argument("--types", nargs="*", default=[], metavar="TYPE", help="TUIs or groups")
    parser.add_argument("--threads", type=int, default=1, help="files read at once")
    parser.add_argument("--out", type=Path, required=True, help="pretagged.parquet")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Write the table."""
    ranks = ranks_of_types(args.semantic_types, args.semantic_groups, args.types)
    tables = Tables(args.concepts, args.codes, args.retired, args.names, args.maps)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".part-", dir=args.out.parent) as folder:
        contents = list(progress(read_all(args, Path(folder)), "files", len(args.files)))
        identifiers = set().union(*(content.identifiers for content in contents))
        concepts = Concepts(identifiers, tables, Vocabularies(args.vocabularies), ranks)
        index = Index(contents, concepts)
        runs = [path for content in contents for path in content.runs]
        with TableWriter("pretagged", args.out) as out:
            for rows in progress(merge(runs, SCHEMA), "ranges of PMIDs"):
                out.write(index.resolve(rows))
    counts = index.counts(out.rows)
    counts.facts["lines of relations passed over"] = sum(content.relations for content in contents)
    counts.facts["identifiers"] = by_vocabulary(identifiers)
    mapped = {identifier for identifier in identifiers if concepts.known([identifier])}
    counts.facts["identifiers with a concept"] = by_vocabulary(mapped)
    counts.write(args.counts)
    logger.info("%d mentions of %d files", out.rows, len(contents))


def read_all(args: argparse.Namespace, folder: Path) -> Iterator[FileContent]:
    """Read the files, several at once; what they held comes in their order."""
    read = partial(
        read_file,
        format_=args.format,
        max_decompressed_mb=args.max_decompressed_mb,
        vocabularies=args.vocabularies,
        runs=folder,
    )
    if args.threads == 1 or len(args.files) == 1:
        yield from map(read, args.files, range(len(args.files)))
        return
    # spawn: a forked copy of Arrow's threads may hang
    with ProcessPoolExecutor(args.threads, mp_context=get_context("spawn")) as pool:
        yield from pool.map(read, args.files, range(len(args.files)))


def by_vocabulary(identifiers: set[Identifier]) -> dict[str, int]:
    """Vocabulary, or unknown prefix -> number of identifiers."""
    return dict(sorted(few_unknown(Counter(map(counted_as, identifiers))).items()))


def few_unknown(counts: Counter[str]) -> Counter[str]:
    """Counts by vocabulary with the rarer unknown prefixes added to UNKNOWN.

    A file that is not what it should be may have a prefix a line.
    """
    found = Counter({name: n for name, n in counts.items() if not name.startswith(f"{UNKNOWN} ")})
    rest = sorted(((-n, name) for name, n in counts.items() if name not in found))
    found.update({name: -n for n, name in rest[:PREFIXES]})
    if len(rest) > PREFIXES:
        found[UNKNOWN] -= sum(n for n, _ in rest[PREFIXES:])
    return found


class Index:
    """Turns rows as they are read into rows of the table `pretagged`, and counts."""

    def __init__(self, contents: list[FileContent], concepts: Concepts) -> None:
        """Settle which document of a PMID counts.

        Args:
            contents: of all files.
            concepts: of all identifiers.
        """
        none = np.empty(0, np.int64)
        pmid = np.concatenate([none, *(content.pmid for content in contents)])
        document = np.concatenate([none, *(content.document for content in contents)])
        order = np.lexsort((document, pmid))
        self._pmid, first = np.unique(pmid[order], return_index=True)
        self._document: NDArray[np.int64] = document[order][first]  # the first of each PMID
        self._concepts = concepts
        self._documents = sum(content.documents for content in contents)
        self._with_pmid = len(pmid)
        self._mentions = sum(content.mentions for content in contents)
        self._dropped: Counter[str] = Counter()
        self._unmapped: Counter[str] = Counter()
        for content in contents:
            self._dropped += content.lost

    def resolve(self, rows: pa.Table) -> pa.Table:
        """Rows of the table `pretagged` of a range of PMIDs.

        Args:
            rows: all that is read of these PMIDs; columns as in SCHEMA.
        """
        pmid, document = (rows[name].to_numpy() for name in ("pmid", "document"))
        counts = self._document[np.searchsorted(self._pmid, pmid)] == document
        self._dropped[REPEATED_DOCUMENT] += int((~counts).sum())
        rows = rows.filter(pa.array(counts))
        keys = [rows[name].to_numpy() for name in ("end", "start", "pmid")]
        rows = rows.take(pa.array(np.lexsort(keys)))
        spans = list(
            zip(*(rows[name].to_pylist() for name in ("pmid", "start", "end")), strict=True)
        )
        written = (rows[name].to_pylist() for name in ("text", "vocabulary", "code"))
        kept: list[int] = []
        cuis: list[list[str]] = []
        for number, (text, vocabularies, codes) in enumerate(zip(*written, strict=True)):
            identifiers = list(map(Identifier, vocabularies, codes))
            found = self._concepts.of(identifiers, text)
            if not found:
                if self._concepts.known(identifiers):
                    self._dropped[TYPE] += 1
                else:
                    self._unmapped[counted_as(identifiers[0])] += 1
            elif kept and spans[kept[-1]] == spans[number]:
                self._dropped[REPEATED_SPAN] += 1
                cuis[-1] = list(dict.fromkeys([*cuis[-1], *found]))
            else:
                kept.append(number)
                cuis.append(found)
        schema = TABLES["pretagged"].schema
        rows = rows.take(pa.array(kept, pa.int64()))
        columns = [
            pa.array(cuis, field.type) if field.name == "cuis" else rows[field.name]
            for field in schema
        ]
        return pa.table(columns, schema=schema)

    def counts(self, kept: int) -> Counts:
        """The account of the step; `kept` is the number of rows written."""
        counts = Counts("linking.pretagged_index")
        repeated = self._with_pmid - len(self._pmid)
        dropped = {NO_PMID: self._documents - self._with_pmid, "PMID read before": repeated}
        kept_documents = len(self._pmid)
        counts.add("documents", read=self._documents, kept=kept_documents, dropped=dropped)
        first = (PIECES, ELSEWHERE, NO_PMID, NOWHERE, NO_IDENTIFIER, REPEATED_DOCUMENT)
        rest = sorted(set(self._dropped).difference(first))
        reasons = {reason: self._dropped[reason] for reason in (*first, *rest)}
        for vocabulary, number in sorted(few_unknown(self._unmapped).items()):
            reasons[f"no concept: {vocabulary}"] = number
        counts.add("mentions", read=self._mentions, kept=kept, dropped=reasons)
        return counts
