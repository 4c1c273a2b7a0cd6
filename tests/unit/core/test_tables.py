"""Tables: one schema each, checked on both sides, and bytes that depend on the rows only."""

from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bali.errors import InputError
from bali.files import sha256
from bali.storage import (
    ROW_GROUP,
    TableWriter,
    count_rows,
    from_columns,
    map_ipc,
    read_table,
    stream_table,
    write_ipc,
    write_table,
)
from bali.tables import TABLES, contracts
from paths import REPOSITORY


def nodes(count: int) -> pa.Table:
    ids = list(range(count))
    return from_columns(
        "nodes",
        {"node": ids, "cui": [f"C{i:07d}" for i in ids], "name": ["n"] * count, "degree": ids},
    )


def test_bytes_do_not_depend_on_the_sizes_of_the_batches(tmp_path: Path) -> None:
    rows = nodes(ROW_GROUP * 2 + 5)
    digests = set()
    for size in (7_001, ROW_GROUP, rows.num_rows):
        path = tmp_path / f"{size}.parquet"
        with TableWriter("nodes", path) as out:
            for start in range(0, rows.num_rows, size):
                out.write(rows.slice(start, size))
        digests.add(sha256(path))
    assert len(digests) == 1
    groups = pq.ParquetFile(path).metadata
    assert [groups.row_group(i).num_rows for i in range(groups.num_row_groups)] == [
        ROW_GROUP,
        ROW_GROUP,
        5,
    ]
    assert read_table("nodes", path).equals(rows)


def test_an_empty_table_is_a_table(tmp_path: Path) -> None:
    assert write_table("nodes", nodes(0), tmp_path / "nodes.parquet") == 0
    assert read_table("nodes", tmp_path / "nodes.parquet").num_rows == 0


def test_columns_of_few_values_can_be_read_as_dictionaries(tmp_path: Path) -> None:
    path = tmp_path / "nodes.parquet"
    write_table("nodes", nodes(ROW_GROUP + 5), path)
    assert count_rows("nodes", path) == ROW_GROUP + 5
    batches = list(stream_table("nodes", path, ["node", "name"], ["name"]))
    assert all(pa.types.is_dictionary(batch.schema.field("name").type) for batch in batches)
    names = [name for batch in batches for name in batch["name"].to_pylist()]
    assert names == ["n"] * (ROW_GROUP + 5)
    with pytest.raises(InputError, match="not those of the table kept"):
        list(stream_table("kept", path, ["shard"], ["shard"]))


def test_a_failing_writer_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="half way"):
        with TableWriter("nodes", tmp_path / "nodes.parquet") as out:
            out.write(nodes(3))
            raise RuntimeError("half way")
    assert list(tmp_path.iterdir()) == []


def test_other_columns_and_nulls_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="columns"):
        write_table("nodes", nodes(1).drop_columns(["name"]), tmp_path / "nodes.parquet")
    nulls = nodes(1).set_column(2, "name", pa.array([None], pa.string()))
    with pytest.raises(ValueError, match="name holds 1 nulls"):
        write_table("nodes", nulls, tmp_path / "nodes.parquet")


def test_a_table_of_another_kind_is_refused_on_reading(tmp_path: Path) -> None:
    path = tmp_path / "kept.parquet"
    write_table("nodes", nodes(1), path)
    with pytest.raises(InputError, match=r"kept\.parquet: its columns are not those"):
        read_table("kept", path)
    path.write_text("no Parquet at all")
    with pytest.raises(InputError, match="no Parquet file"):
        list(stream_table("kept", path))
    with pytest.raises(InputError, match="no such file"):
        read_table("kept", tmp_path / "none.parquet")


def test_an_arrow_file_does_not_depend_on_how_its_rows_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bali.storage.IPC_BATCH", 4)
    columns = {"node": range(11), "name": "abcdefghijk", "input_ids": [[n] * n for n in range(11)]}
    rows = from_columns("node_names", {name: list(column) for name, column in columns.items()})
    whole, parts = tmp_path / "whole.arrow", tmp_path / "parts.arrow"
    assert write_ipc("node_names", [rows], whole) == 11
    cuts = [0, 1, 1, 3, 9, 11]
    few = (rows.slice(a, b - a) for a, b in pairwise(cuts))
    assert write_ipc("node_names", few, parts) == 11
    assert whole.read_bytes() == parts.read_bytes()
    assert map_ipc("node_names", parts).equals(rows)
    with pa.ipc.open_file(parts) as file:
        sizes = [file.get_batch(n).num_rows for n in range(file.num_record_batches)]
    assert sizes == [4, 4, 3]


def test_an_arrow_file_comes_back_from_the_map(tmp_path: Path) -> None:
    rows = from_columns(
        "node_names",
        {"node": [0, 0, 4], "name": ["a", "b", "c"], "input_ids": [[2, 3], [], [5, 6, 7]]},
    )
    assert write_ipc("node_names", [rows.slice(0, 2), rows.slice(2)], tmp_path / "n.arrow") == 3
    assert map_ipc("node_names", tmp_path / "n.arrow").equals(rows)
    with pytest.raises(InputError, match="not those of the table pairs"):
        map_ipc("pairs", tmp_path / "n.arrow")


def test_every_table_can_be_sorted_by_its_own_columns() -> None:
    for table in TABLES.values():
        assert set(table.sort) <= set(table.columns)


def test_the_data_dictionary_is_current() -> None:
    text = (REPOSITORY / "docs/contracts.md").read_text()
    assert text == contracts(), "run: python -m bali.tables > docs/contracts.md"
