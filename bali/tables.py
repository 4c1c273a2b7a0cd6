"""The schema of every file that one stage hands to another, each stated once.

A table is one Parquet file with sorted rows in row groups of fixed size: the same rows give the
same bytes, however they were computed. The training examples are Arrow IPC files instead, which
are mapped into memory and not read. Schemas are checked on write and on read.

`python -m bali.tables` prints docs/contracts.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from bali.errors import InputError
from bali.files import atomic_path, require_file

ROW_GROUP = 65_536  # rows; part of the contract, because the bytes depend on it


@dataclass(frozen=True)
class Column:
    """One column: its Arrow type, whether it may be null, and what it holds."""

    type: pa.DataType
    doc: str
    nullable: bool = False


@dataclass(frozen=True)
class Table:
    """One table: where it stands, how its rows are sorted, its columns in order."""

    name: str
    doc: str
    sort: tuple[str, ...]
    columns: dict[str, Column]

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema that files of this table carry."""
        return pa.schema(
            [pa.field(name, c.type, nullable=c.nullable) for name, c in self.columns.items()]
        )


STRING, INT32, INT64, BOOL = pa.string(), pa.int32(), pa.int64(), pa.bool_()


def list_of(value: pa.DataType) -> pa.DataType:
    """A list type whose items are never null."""
    return pa.list_(pa.field("item", value, nullable=False))


CUI = Column(STRING, "concept unique identifier, C and seven digits")
PMID = Column(INT64, "PubMed identifier")
VERSION = Column(INT32, "version of the PubMed record, from 1")
SENTENCE = Column(INT32, "number of the sentence in its document, from 0")
START = Column(INT32, "first code point in the document's text")
END = Column(INT32, "code point after the last in the document's text")
SECTIONS = list_of(
    pa.struct(
        [
            pa.field("label", STRING, nullable=False),
            pa.field("start", INT32, nullable=False),
            pa.field("end", INT32, nullable=False),
        ]
    )
)

TABLES = {
    table.name: table
    for table in (
        Table(
            "concepts",
            "Concepts that keep at least one name.",
            ("cui",),
            {"cui": CUI, "name": Column(STRING, "preferred name, or the first by rule")},
        ),
        Table(
            "names",
            "Distinct names of concepts, held-out ones taken out.",
            ("cui", "name"),
            {
                "cui": CUI,
                "name": Column(STRING, "as in MRCONSO.STR"),
                "sab": Column(STRING, "source of the row that was kept"),
                "tty": Column(STRING, "term type in that source"),
                "preferred": Column(BOOL, "preferred name of its concept (TS=P, STT=PF, ISPREF=Y)"),
            },
        ),
        Table(
            "codes",
            "Identifiers of concepts in their sources.",
            ("cui", "sab", "code"),
            {
                "cui": CUI,
                "sab": Column(STRING, "source"),
                "code": Column(STRING, "identifier in that source"),
            },
        ),
        Table(
            "semantic_types",
            "Semantic types of concepts.",
            ("cui", "tui"),
            {
                "cui": CUI,
                "tui": Column(STRING, "identifier of the semantic type, T and three digits"),
                "sty": Column(STRING, "its name"),
            },
        ),
        Table(
            "definitions",
            "Definitions of concepts.",
            ("cui", "sab", "definition"),
            {
                "cui": CUI,
                "sab": Column(STRING, "source"),
                "definition": Column(STRING, "text"),
            },
        ),
        Table(
            "relations",
            "Directed relations `head RELA tail`. MRREL reads backwards: head = CUI2, tail = CUI1.",
            ("head", "tail", "rel", "rela", "sab"),
            {
                "head": Column(STRING, "CUI of the subject (MRREL.CUI2)"),
                "tail": Column(STRING, "CUI of the object (MRREL.CUI1)"),
                "rel": Column(STRING, "MRREL.REL: CHD says that the head is a child of the tail"),
                "rela": Column(STRING, "MRREL.RELA, more specific; empty where there is none"),
                "sab": Column(STRING, "source"),
            },
        ),
        Table(
            "heldout",
            "Names that no other table holds: the questions of the zero-shot linking task.",
            ("cui",),
            {
                "cui": CUI,
                "name": Column(STRING, "the name taken out"),
                "split": Column(STRING, "dev or test"),
            },
        ),
        Table(
            "documents",
            "PubMed records of one shard. Text = title + one space + abstract.",
            ("pmid", "version"),
            {
                "pmid": PMID,
                "version": VERSION,
                "title": Column(STRING, "mark-up removed, its text kept"),
                "abstract": Column(STRING, "sections joined by one space; may be empty"),
                "sections": Column(
                    SECTIONS, "sections of the abstract: label, or empty; offsets in the text"
                ),
                "language": Column(STRING, "three letters, as in PubMed"),
                "journal": Column(STRING, "title of the journal"),
                "year": Column(INT32, "year of publication, where it is stated", nullable=True),
                "mesh": Column(list_of(STRING), "MeSH descriptor identifiers"),
                "publication_types": Column(list_of(STRING), "publication types"),
                "retracted": Column(BOOL, "the article is a retracted publication"),
                "source": Column(STRING, "name of the file that it was read from"),
            },
        ),
        Table(
            "deletions",
            "Keys that a shard's DeleteCitation removes from earlier shards.",
            ("pmid", "version"),
            {"pmid": PMID, "version": VERSION},
        ),
        Table(
            "kept",
            "The records that go on: later files win, DeleteCitation removes, latest version.",
            ("pmid", "version"),
            {"pmid": PMID, "version": VERSION, "shard": Column(STRING, "shard that holds it")},
        ),
        Table(
            "sentences",
            "Sentences of the documents of one shard.",
            ("pmid", "version", "sentence"),
            {"pmid": PMID, "version": VERSION, "sentence": SENTENCE, "start": START, "end": END},
        ),
        Table(
            "mentions",
            "Mentions of concepts in sentences; one row a candidate.",
            ("pmid", "version", "start", "end", "rank"),
            {
                "pmid": PMID,
                "version": VERSION,
                "sentence": SENTENCE,
                "start": START,
                "end": END,
                "text": Column(STRING, "the text from start to end"),
                "cui": CUI,
                "score": Column(pa.float32(), "1 for an exact name, else cosine of TF-IDF vectors"),
                "rank": Column(INT32, "0 = the chosen candidate"),
                "method": Column(STRING, "exact, abbreviation or candidate"),
            },
        ),
        Table(
            "nodes",
            "Concepts as nodes of the graph, numbered in the order of their CUIs.",
            ("node",),
            {
                "node": Column(INT32, "node id, from 0"),
                "cui": CUI,
                "name": Column(STRING, "name of the concept"),
                "degree": Column(INT32, "neighbours in its CSR row, parallel edges counted"),
            },
        ),
        Table(
            "edge_types",
            "What the relation ids of the graph stand for.",
            ("relation",),
            {
                "relation": Column(INT32, "relation id, from 0"),
                "rel": Column(STRING, "MRREL.REL, read from the edge's source to its target"),
                "rela": Column(STRING, "MRREL.RELA; empty where there is none"),
                "added": Column(BOOL, "an inverse that the graph stage added"),
                "phrase": Column(STRING, "the relation in words"),
            },
        ),
        Table(
            "subgraphs",
            "Sampled neighbourhoods, several a concept. Edges point to the centre.",
            ("centre", "sample"),
            {
                "sample": Column(INT32, "number of the sample, from 0"),
                "centre": Column(INT32, "node id"),
                "node": Column(list_of(INT32), "distinct node ids; the centre first"),
                "source": Column(list_of(INT32), "edge -> position in `node` of its source"),
                "target": Column(list_of(INT32), "edge -> position in `node` of its target"),
                "relation": Column(list_of(INT32), "edge -> relation id"),
            },
        ),
        Table(
            "pairs",
            "Tokenised sentences with mentions (Arrow IPC, mapped into memory).",
            ("pmid", "version", "sentence"),
            {
                "pmid": PMID,
                "version": VERSION,
                "sentence": SENTENCE,
                "input_ids": Column(list_of(INT32), "token ids with special tokens"),
                "token": Column(list_of(INT32), "positions of tokens that belong to mentions"),
                "owner": Column(list_of(INT32), "for each of them its mention, from 0"),
                "concept": Column(list_of(INT32), "mention -> node id"),
            },
        ),
        Table(
            "node_names",
            "Tokenised names of the nodes (Arrow IPC, mapped into memory).",
            ("node", "name"),
            {
                "node": Column(INT32, "node id"),
                "name": Column(STRING, "the name"),
                "input_ids": Column(list_of(INT32), "token ids with special tokens"),
            },
        ),
    )
}


class TableWriter:
    """Streams rows into one Parquet file, atomically, in row groups of fixed size.

    Usage: `with TableWriter("names", path) as out: out.write(batch)`. Rows must come in the
    table's sort order; the row groups do not depend on the sizes of the batches.
    """

    def __init__(self, table: str, path: Path) -> None:
        """Prepare to write `table` to `path`; nothing is there before the block ends."""
        self.schema = TABLES[table].schema
        self.rows = 0
        self._path = path
        self._pending: list[pa.Table] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Open the temporary file beside the target."""
        part = self._stack.enter_context(atomic_path(self._path))
        self._writer = self._stack.enter_context(
            pq.ParquetWriter(part, self.schema, compression="zstd")
        )
        return self

    def write(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Append rows.

        Raises:
            ValueError: the columns are not those of the table's schema, or a null stands where
                none may.
        """
        if isinstance(rows, pa.RecordBatch):
            rows = pa.Table.from_batches([rows])
        self._pending.append(conform(rows, self.schema))
        self.rows += rows.num_rows
        if sum(p.num_rows for p in self._pending) >= ROW_GROUP:
            self._flush(final=False)

    def _flush(self, *, final: bool) -> None:
        pending = pa.concat_tables(self._pending) if self._pending else self.schema.empty_table()
        whole = pending.num_rows // ROW_GROUP * ROW_GROUP
        for start in range(0, whole, ROW_GROUP):
            self._write_group(pending.slice(start, ROW_GROUP))
        rest = pending.slice(whole)
        if final and (rest.num_rows or not self.rows):
            self._write_group(rest)
        self._pending = [] if final else [rest]

    def _write_group(self, rows: pa.Table) -> None:
        # one chunk a column: the page boundaries inside a row group follow the chunks
        self._writer.write_table(rows.combine_chunks(), row_group_size=ROW_GROUP)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what is left and move the file in; after an error, remove it instead."""
        with self._stack:
            if error is not None:
                # hand the error to atomic_path, which cleans up and raises it again
                raise error
            self._flush(final=True)


def conform(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Cast rows to a schema: the same columns in the same order, no null where none may be.

    Raises:
        ValueError: they cannot be; a bug of the step that made them.
    """
    if rows.column_names != schema.names:
        raise ValueError(f"columns {rows.column_names} are not {schema.names}")
    for field in schema:
        if not field.nullable and rows[field.name].null_count:
            raise ValueError(f"column {field.name} holds {rows[field.name].null_count} nulls")
    return rows if rows.schema.equals(schema) else rows.cast(schema)


def write_table(table: str, rows: pa.Table | Iterable[pa.RecordBatch], path: Path) -> int:
    """Write a whole table, atomically; returns the number of rows."""
    with TableWriter(table, path) as out:
        for batch in [rows] if isinstance(rows, pa.Table) else rows:
            out.write(batch)
    return out.rows


def from_columns(table: str, columns: Mapping[str, Sequence[object]]) -> pa.Table:
    """Rows of `table` from Python lists, one a column."""
    schema = TABLES[table].schema
    return pa.table([pa.array(columns[f.name], f.type) for f in schema], schema=schema)


def read_table(table: str, path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a table, or some of its columns.

    Raises:
        InputError: there is no such file, it is no Parquet, or its schema is another.
    """
    with _open(table, path) as file:
        return file.read(columns=columns)


def stream_table(
    table: str, path: Path, columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Read a table batch by batch, in memory that does not grow with its rows.

    Raises:
        InputError: as `read_table`.
    """
    with _open(table, path) as file:
        yield from file.iter_batches(batch_size=ROW_GROUP, columns=columns)


def _open(table: str, path: Path) -> pq.ParquetFile:
    require_file(path, f"the step that makes the table {table} has not run")
    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise InputError(f"{path}: no Parquet file ({error}); remove it and run again") from None
    _check(table, path, file.schema_arrow)
    return file


def _check(table: str, path: Path, found: pa.Schema) -> None:
    expected = TABLES[table].schema
    if not found.equals(expected):
        raise InputError(
            f"{path}: its columns are not those of the table {table} (found "
            f"{', '.join(f'{f.name} {f.type}' for f in found)}); remove it and run again"
        )


IPC_BATCH = 8_192  # rows of a record batch in an Arrow IPC file


def write_ipc(table: str, rows: Iterable[pa.Table], path: Path) -> int:
    """Write rows as an Arrow IPC file with record batches of fixed size; returns their number."""
    schema = TABLES[table].schema
    whole = pa.concat_tables([schema.empty_table(), *(conform(part, schema) for part in rows)])
    with atomic_path(path) as part, pa.OSFile(str(part), "wb") as sink:
        with pa.ipc.new_file(sink, schema) as writer:
            writer.write_table(whole.combine_chunks(), max_chunksize=IPC_BATCH)
    return int(whole.num_rows)


def map_ipc(table: str, path: Path) -> pa.Table:
    """Map an Arrow IPC file into memory; columns are read when they are touched.

    Raises:
        InputError: there is no such file, it is no Arrow IPC file, or its schema is another.
    """
    require_file(path, f"the step that makes the table {table} has not run")
    try:
        rows = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    except pa.ArrowInvalid as error:
        raise InputError(f"{path}: no Arrow file ({error}); remove it and run again") from None
    _check(table, path, rows.schema)
    return rows


def contracts() -> str:
    """docs/contracts.md: every table with its columns."""
    lines = [
        "# Data dictionary",
        "",
        "Made by `python -m bali.tables`; a test keeps it current. Every offset is in Unicode code",
        "points, half-open, relative to the document's text. Columns are never null unless marked.",
    ]
    for table in TABLES.values():
        lines += ["", f"## {table.name}", "", table.doc, f"Sorted by {', '.join(table.sort)}.", ""]
        lines += ["| column | type | what it holds |", "|---|---|---|"]
        for name, column in table.columns.items():
            null = ", may be null" if column.nullable else ""
            kind = str(column.type).replace(" not null", "")
            lines.append(f"| {name} | {kind}{null} | {column.doc} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(contracts())
