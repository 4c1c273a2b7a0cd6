"""Sorting on disk, and orders and runs of equal rows, against Python's own."""

from collections import Counter
from itertools import chain, count, pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bali.umls import runs
from bali.umls.order import distinct, drop_repeated, is_first, ranks, sort_rows, strings_of
from bali.umls.runs import Runs, Spool

fresh = count()
ROWS = st.tuples(st.integers(0, 9), st.text(max_size=2), st.integers(0, 3))


def table(rows):
    schema = pa.schema([("a", pa.int32()), ("b", pa.string()), ("c", pa.int32())])
    return pa.Table.from_pylist([dict(zip("abc", row, strict=True)) for row in rows], schema)


def tuples(rows):
    return [tuple(row.values()) for row in rows.to_pylist()]


@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(batches=st.lists(st.lists(ROWS, max_size=30), max_size=5), size=st.integers(1, 20))
def test_runs_give_every_row_back_range_by_range(tmp_path, monkeypatch, batches, size):
    monkeypatch.setattr(runs, "RANGE", size)
    monkeypatch.setattr(runs, "STEP", min(size, 3))
    kept = Runs(tmp_path / str(next(fresh)), "a")
    for batch in batches:
        kept.add(table(batch))
    ranges = [tuples(rows) for rows in kept]
    assert Counter(row for rows in ranges for row in rows) == Counter(chain(*batches))
    assert all(ranges)
    # a key stands in one range only, and the ranges ascend
    for before, after in pairwise(ranges):
        assert max(row[0] for row in before) < min(row[0] for row in after)


def test_a_range_holds_about_as_many_rows_as_it_should(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "RANGE", 100)
    monkeypatch.setattr(runs, "STEP", 10)
    kept = Runs(tmp_path / "runs", "a")
    numbers = np.random.default_rng(29).permutation(10_000)
    for batch in np.split(numbers, 4):
        kept.add(pa.table({"a": batch}))
    sizes = [rows.num_rows for rows in kept]
    assert sum(sizes) == 10_000 and max(sizes) <= 100 + 4 * 10


def test_a_spool_gives_tables_in_the_order_in_which_they_came(tmp_path):
    spool = Spool(tmp_path / "spool")
    for number in range(12):
        spool.add(table([(number, "x", 0)]))
    for _ in range(2):  # more than once
        assert [rows["a"].to_pylist() for rows in spool] == [[n] for n in range(12)]


@settings(deadline=None, derandomize=True)
@given(rows=st.lists(ROWS, max_size=30))
def test_rows_are_sorted_by_utf8_bytes_and_the_first_of_equal_ones_stays(rows):
    found = sort_rows(table(rows), "a", "b", "c")
    expected = sorted(rows, key=lambda row: (row[0], row[1].encode(), row[2]))
    assert tuples(found) == expected
    lowest = {}
    for row in expected:
        lowest.setdefault(row[:2], row)
    assert tuples(distinct(found, "a", "b")) == list(lowest.values())


def test_the_first_rows_of_runs_are_marked():
    rows = table([(1, "x", 0), (1, "x", 1), (1, "y", 1), (2, "y", 1)])
    assert is_first(rows, "a").tolist() == [True, False, False, True]
    assert is_first(rows, "a", "b").tolist() == [True, False, True, True]
    assert is_first(rows.slice(0, 0), "a").tolist() == []


@pytest.mark.parametrize(
    ("found", "expected"), [([], []), ([3], [3]), ([1, 1, 2, 2, 5], [1, 2, 5])]
)
def test_of_repeated_numbers_one_stays(found, expected):
    assert drop_repeated(np.array(found, np.int64)).tolist() == expected


def test_ranks_have_the_order_of_code_points():
    keys = ["b", "\U0001f642", "a", "\uffff", "b"]  # UTF-16 would put the emoji before U+FFFF
    assert ranks(keys).tolist() == [1, 3, 0, 2, 1]
    assert strings_of(sorted(set(keys)), ranks(keys)).to_pylist() == keys
