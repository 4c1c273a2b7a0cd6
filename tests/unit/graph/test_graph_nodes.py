"""CUIs to numbers against Python's int and a regular expression."""

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bali.errors import InputError
from bali.graph.nodes import NodeIds, cui_numbers

HERE = Path("names.parquet")


@given(st.lists(st.integers(0, 10**7 - 1)), st.integers(0, 3), st.booleans())
def test_the_digits_are_the_number(numbers, skipped, chunked):
    cuis = pa.array([f"C{number:07d}" for number in numbers], pa.string())[skipped:]
    given = pa.chunked_array([cuis[:2], cuis[2:]]) if chunked else cuis
    assert cui_numbers(given, HERE).tolist() == numbers[skipped:]


BYTE = st.one_of(st.sampled_from("C0129/:c\x00\x7f"), st.characters())


@given(st.lists(BYTE, min_size=7, max_size=9).map("".join))
def test_what_is_no_cui_is_refused(text):
    cuis = pa.array(["C0000001", text])
    if re.fullmatch("C[0-9]{7}", text):
        assert cui_numbers(cuis, HERE)[1] == int(text[1:])
    else:
        with pytest.raises(InputError, match=r"names.parquet.*is no CUI"):
            cui_numbers(cuis, HERE)


@pytest.mark.parametrize("place", range(8))
def test_a_wrong_byte_is_found_at_every_place(place):
    for wrong in map(chr, range(128)):
        text = "C1234567"[:place] + wrong + "C1234567"[place + 1 :]
        if not re.fullmatch("C[0-9]{7}", text):
            with pytest.raises(InputError, match="is no CUI"):
                cui_numbers(pa.array([text]), HERE)


def test_a_slice_that_begins_behind_a_text_of_another_length_is_read_at_its_place():
    assert cui_numbers(pa.array(["x", "C0000042", "C0000007"])[1:], HERE).tolist() == [42, 7]


def test_concepts_without_node_are_minus_one():
    ids = NodeIds(pa.array(["C0000005", "C9999999"]), HERE)
    found = ids.of(pa.array(["C9999999", "C0000006", "C0000005"]), HERE)
    assert ids.count == 2 and found.tolist() == [1, -1, 0] and found.dtype == np.int32
