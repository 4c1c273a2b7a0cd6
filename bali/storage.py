"""Files of tables: the same rows give the same bytes, and no other schema passes.

A table is one Parquet file with sorted rows in row groups of fixed size, however the rows were
computed. The training examples are Arrow IPC files instead, which are mapped into memory and not
read. The schemas stand in `bali/tables.py` and are checked on write and on read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bali.errors import InputError
from bali.files import atomic_path, require_file
from bali.tables import TABLES

ROW_GROUP = 65_536  # rows; part of the contract, because the bytes depend on it


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
    table: str,
    path: Path,
    columns: Sequence[str] | None = None,
    dictionaries: Sequence[str] = (),
) -> Iterator[pa.RecordBatch]:
    """Read a table batch by batch, in memory that does not grow with its rows.

    Args:
        table: its name.
        path: its file.
        columns: those to read; None: all.
        dictionaries: string columns of few values, read as Arrow dictionaries, 9 times faster.

    Raises:
        InputError: as `read_table`.
    """
    with (
        _open(table, path) as file,
        pq.ParquetFile(path, metadata=file.metadata, read_dictionary=list(dictionaries)) as rows,
    ):
        yield from rows.iter_batches(batch_size=ROW_GROUP, columns=columns)


def stream_matching(
    table: str, path: Path, column: str, values: NDArray[np.int64]
) -> Iterator[pa.Table]:
    """Read the rows whose value in a column is wanted, a row group at a time.

    Row groups that hold no such value by their statistics are not read: where the table is sorted
    by the column, that is most of them.

    Args:
        table: its name.
        path: its file.
        column: an integer column, the first of the table's sort order.
        values: (values,) int64, distinct and ascending.

    Raises:
        InputError: as `read_table`.
    """
    with _open(table, path) as file:
        place = file.schema_arrow.get_field_index(column)
        wanted = pa.array(values)
        for number in range(file.metadata.num_row_groups):
            group = file.metadata.row_group(number)
            bounds = group.column(place).statistics
            if not group.num_rows or (
                bounds is not None
                and bounds.has_min_max
                and np.searchsorted(values, bounds.min)
                == np.searchsorted(values, bounds.max, side="right")
            ):
                continue
            rows = file.read_row_group(number)
            yield rows.filter(pc.is_in(rows[column], wanted))


def count_rows(table: str, path: Path) -> int:
    """Number of rows of a table, from its footer.

    Raises:
        InputError: as `read_table`.
    """
    with _open(table, path) as file:
        return int(file.metadata.num_rows)


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
    """Write rows as an Arrow IPC file; returns their number.

    The record batches are of fixed size, however the rows come; one of them at a time is in memory.
    """
    schema = TABLES[table].schema
    none = schema.empty_table()
    written = 0
    with atomic_path(path) as part, pa.OSFile(str(part), "wb") as sink:
        with pa.ipc.new_file(sink, schema) as writer:
            for batch in _of_size(rows, IPC_BATCH):
                # with a second chunk they are copied: a slice would be written with buffers that
                # depend on what it is a slice of
                whole = pa.concat_tables([conform(batch, schema), none]).combine_chunks()
                writer.write_table(whole)
                written += batch.num_rows
    return written


def _of_size(parts: Iterable[pa.Table], size: int) -> Iterator[pa.Table]:
    """The same rows in tables of `size` rows; the last one has what is left."""
    pending: list[pa.Table] = []
    for part in parts:
        pending.append(part)
        if sum(rows.num_rows for rows in pending) < size:
            continue
        whole = pa.concat_tables(pending)
        for start in range(0, whole.num_rows - size + 1, size):
            yield whole.slice(start, size)
        pending = [whole.slice(whole.num_rows // size * size)]
    rest = pa.concat_tables(pending) if pending else None
    if rest is not None and rest.num_rows:
        yield rest


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
