"""Hypothesis strategies for hostile RRF rows, and a writer of the files that may hold them.

    @given(rows=tables(LAYOUTS["MRSTY"]), shape=shapes())
    def test_...(rows, shape):
        write_rrf(folder, "MRSTY", rows, shape)

A row knows what must come back: its fields, or what is wrong with it.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

TRAPS = [
    "NA", "null", "nan", "None", '"', '""', 'opens "quote', "'", "ends in \\", "\\", "\\N", "#x",
    " leads and trails ", "\ttab\t", "lone\rreturn", "\r", "\0", "\ufeffmark", "\u2028", "\x85",
    "\x1c", "\x0b\x0c", "ß é 漢字", "🙂", "e\u0301", "\u202eturned", "{a,b}[c]*?", "", " ",
]  # fmt: skip
# truncated, overlong, a surrogate, beyond the last code point, a lone continuation
NOT_UTF8 = [b"\xff", b"\xe2\x82", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80"]
NO_CUI = ["", "C", "C000001", "C00000001", "c0000001", "C000000\uff11", " C0000001", "C0000001\r"]
SHORT, LONG, ENCODING, CUI = "short", "long", "not UTF-8", "no CUI"


@dataclass(frozen=True)
class Row:
    """A row as it is written, without line end.

    Attributes:
        content: its bytes.
        fields: its values; None if it is malformed.
        wrong: SHORT, LONG, ENCODING or CUI; None if it is sound.
    """

    content: bytes
    fields: tuple[str, ...] | None = None
    wrong: str | None = None


@dataclass(frozen=True)
class Shape:
    """How a table lies on disk.

    Attributes:
        end: of lines.
        final: whether the last line has an end.
        compressed: whether the file, or each piece, is a .gz.
        cuts: None for one file; else the places of the cuts between pieces, as shares of the
            bytes: inside of rows and of characters.
    """

    end: bytes = b"\n"
    final: bool = True
    compressed: bool = False
    cuts: tuple[float, ...] | None = None


def shapes() -> SearchStrategy[Shape]:
    """All ways to lie on disk; up to four pieces."""
    cut = st.floats(0, 1)
    return st.builds(
        Shape,
        st.sampled_from([b"\n", b"\r\n"]),
        st.booleans(),
        st.booleans(),
        st.none() | st.lists(cut, max_size=3).map(sorted).map(tuple),
    )


def values() -> SearchStrategy[str]:
    """Values of fields: any text without LF and pipe."""
    text = st.text(st.characters(codec="utf-8", exclude_characters="\n|"), max_size=12)
    return st.sampled_from(TRAPS) | text


def cuis() -> SearchStrategy[str]:
    """CUIs, few enough to meet again."""
    return st.integers(1, 9).map("C{:07d}".format)


def sound_rows(
    columns: Sequence[str], given: Mapping[str, SearchStrategy[str]] | None = None
) -> SearchStrategy[Row]:
    """Sound rows.

    Args:
        columns: names of the fields; the first one is a CUI.
        given: strategies of other fields than hostile ones, by column.
    """
    chosen = {columns[0]: cuis(), **(given or {})}
    fields = st.tuples(*(chosen.get(column, values()) for column in columns))
    return fields.map(lambda row: Row(_join(row), row))


def malformed_rows(columns: Sequence[str]) -> SearchStrategy[Row]:
    """Rows with too few or too many fields, bytes that are no UTF-8, or no CUI in front."""
    width, row = len(columns), sound_rows(columns)
    short = st.lists(values(), max_size=width - 1).map(_join) | st.lists(
        values(), min_size=width - 2, max_size=width - 2
    ).map(lambda fields: _join(["C0000001", *fields]) + b"no pipe")
    long = st.lists(values(), min_size=width, max_size=width + 3).map(
        lambda fields: _join(["C0000001", *fields])
    ) | row.map(lambda sound: sound.content + b"behind the last pipe")
    broken = st.builds(_insert, row, st.sampled_from(NOT_UTF8), st.floats(0, 1))
    other = st.builds(
        lambda cui, sound: _join([cui, *sound.fields[1:]]), st.sampled_from(NO_CUI), row
    )
    kinds = {SHORT: short, LONG: long, ENCODING: broken, CUI: other}
    return st.one_of(
        *(
            rows.map(lambda content, kind=kind: Row(content, None, kind))
            for kind, rows in kinds.items()
        )
    )


def tables(
    columns: Sequence[str],
    given: Mapping[str, SearchStrategy[str]] | None = None,
    *,
    malformed: bool = True,
    max_size: int = 20,
) -> SearchStrategy[list[Row]]:
    """Rows of one table; about every third is malformed, if any may be."""
    sound = sound_rows(columns, given)
    kinds = [sound, sound, malformed_rows(columns)] if malformed else [sound]
    rows = st.sampled_from(kinds).flatmap(lambda kind: kind)  # one_of would level the kinds
    return st.lists(rows, max_size=max_size)


def write_rrf(folder: Path, table: str, rows: Sequence[Row], shape: Shape) -> list[Path]:
    """Write a table's file or pieces; returns their paths in order.

    A blank last row keeps its line end: without it there would be no row.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = b"".join(row.content + shape.end for row in rows)
    if rows and rows[-1].content and not shape.final:
        content = content.removesuffix(shape.end)
    places = [0, *(round(cut * len(content)) for cut in shape.cuts or ()), len(content)]
    paths = []
    for number, (start, end) in enumerate(pairwise(places)):
        piece = "" if shape.cuts is None else f".a{'abcdefgh'[number]}"
        path = folder / f"{table}.RRF{piece}{'.gz' if shape.compressed else ''}"
        part = content[start:end]
        path.write_bytes(gzip.compress(part) if shape.compressed else part)
        paths.append(path)
    return paths


def _join(fields: Sequence[str]) -> bytes:
    return "".join(f"{field}|" for field in fields).encode()


def _insert(row: Row, rubbish: bytes, place: float) -> bytes:
    """The row with bytes inserted before its last pipe, of which it is no UTF-8 any more."""
    at = round(place * (len(row.content) - 1))
    content = row.content[:at] + rubbish + row.content[at:]
    try:
        content.decode()
    except UnicodeDecodeError:
        return content
    return b"\xff" + content
