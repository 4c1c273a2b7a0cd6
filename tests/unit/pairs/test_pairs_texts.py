"""Sentences cut out of documents in numpy, against slices of Python strings."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bali.pairs.texts import cut_out, document_texts
from bali.text import document_text

# one to four bytes in UTF-8, a combining mark among them
PIECES = st.text("a \u00e9\u0308\u4e2d\U0001d4b3", max_size=6)


@given(st.lists(st.tuples(PIECES, PIECES), min_size=1, max_size=5), st.data())
def test_parts_are_slices_in_code_points(fields, data):
    titles, abstracts = (pa.array(column) for column in zip(*fields, strict=True))
    texts = [document_text(*both) for both in fields]
    found = document_texts(titles, abstracts)
    assert found.to_pylist() == texts
    spans = [
        (row, *sorted(data.draw(st.integers(0, len(text))) for _ in range(2)))
        for row, text in enumerate(texts)
        for _ in range(2)
    ]
    row, start, end = (pa.array(column).to_numpy() for column in zip(*spans, strict=True))
    assert cut_out(found, row, start, end) == [texts[r][s:e] for r, s, e in spans]
    sliced = document_texts(titles.slice(1), abstracts.slice(1))
    later = row > 0
    expected = [texts[r][s:e] for r, s, e in spans if r]
    assert cut_out(sliced, row[later] - 1, start[later], end[later]) == expected


def test_a_part_beyond_its_text_is_refused():
    texts = document_texts(pa.array(["a", "bc"]), pa.array(["", ""]))
    (row, start, end) = (pa.array(column).to_numpy() for column in ([0], [0], [3]))
    with pytest.raises(IndexError):
        cut_out(texts, row, start, end)
