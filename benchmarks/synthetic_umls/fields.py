"""Whole columns of RRF fields at once, and the file that they are written to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bali.hashing import below, mix, uniform

Ints = NDArray[np.int64]
FOUR_DIGITS = np.array([f"{n:04d}".encode() for n in range(10_000)]).view(np.uint32)
HOSTILE_KINDS = ("short", "long", "not UTF-8")


def identifiers(prefix: str, numbers: Ints, width: int = 8) -> pa.StringArray:
    """Identifiers such as A00000123: a prefix and up to eight digits."""
    numbers = np.asarray(numbers)
    digits = np.stack([FOUR_DIGITS[numbers // 10_000], FOUR_DIGITS[numbers % 10_000]], axis=1)
    rows = np.empty((len(numbers), len(prefix) + width), np.uint8)
    rows[:, : len(prefix)] = np.frombuffer(prefix.encode(), np.uint8)
    rows[:, len(prefix) :] = digits.view(np.uint8).reshape(-1, 8)[:, 8 - width :]
    offsets = np.arange(len(rows) + 1, dtype=np.int32) * rows.shape[1]
    return pa.StringArray.from_buffers(len(rows), pa.py_buffer(offsets), pa.py_buffer(rows))


def scramble(numbers: Ints) -> Ints:
    """Another number below 10**8 for each number below 10**8: NLM's ids follow no order."""
    return (np.asarray(numbers, np.int64) * 39_916_801 + 12_345_678) % 10**8


def choose(values: Sequence[str], which: Ints) -> pa.StringArray:
    """`values[w]` for each w."""
    return pa.array(list(values), pa.string()).take(pa.array(which))


def draw(cumulative: Sequence[float], *keys: object) -> Ints:
    """Numbers by cumulative shares, whose last one is 1."""
    return np.searchsorted(np.asarray(cumulative), uniform(*keys), side="right")


def skewed(n: int, top: float, *keys: object) -> Ints:
    """Ranks below n by the law of Zipf and Mandelbrot, of which the first has the share `top`.

    The density is 1 / (rank + q), so that the inverse of its distribution is a power; q follows
    from `top` by halving.
    """
    low, high = 1e-9, float(n) ** 2
    for _ in range(200):
        q = np.sqrt(low * high)
        share = np.log1p(1 / q) / np.log1p(n / q)
        low, high = (q, high) if share > top else (low, q)
    ranks = q * (np.exp(uniform(*keys) * np.log1p(n / q)) - 1)
    return np.minimum(ranks.astype(np.int64), n - 1)


def join_words(words: pa.StringArray, counts: Ints, which: Ints) -> pa.StringArray:
    """Texts of `counts[i]` words each, parted by blanks; `which` numbers the words of all."""
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(offsets), words.take(pa.array(which)))
    return pc.binary_join(lists, " ")


class RrfWriter:
    """Writes one RRF file block by block; breaks a share of its rows if asked to.

    Attributes:
        columns: names of the fields, as in MRFILES.FMT.
        rows, size: what has been written, in lines and bytes.
        broken: kind of damage -> number of rows.
    """

    def __init__(
        self, folder: Path, name: str, columns: str, hostile: float = 0.0, seed: int = 0
    ) -> None:
        """Prepare to write `folder/name`; `hostile` is the share of rows to break."""
        self.name, self.columns = name, columns.split(",")
        self.rows = self.size = 0
        self.broken = dict.fromkeys(HOSTILE_KINDS, 0)
        self._path, self._hostile = folder / name, hostile
        self._key = (seed, int.from_bytes(name.encode()[:6]))

    def __enter__(self) -> Self:
        """Open the file."""
        self._file = self._path.open("wb")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()

    def write(self, *fields: pa.StringArray | str) -> None:
        """Write rows from columns; a column may hold several fields with the pipes between."""
        columns = [pa.scalar(f) if isinstance(f, str) else f for f in fields]
        lines = pc.binary_join_element_wise(*columns, pa.scalar("\n"), "|").cast(pa.binary())
        if self._hostile:
            lines = self._break(lines)
        chunks = lines.chunks if isinstance(lines, pa.ChunkedArray) else [lines]
        for chunk in chunks:
            start, end = chunk.offset, chunk.offset + len(chunk)
            offsets = np.frombuffer(chunk.buffers()[1], np.int32)
            self._file.write(memoryview(chunk.buffers()[2])[offsets[start] : offsets[end]])
            self.size += int(offsets[end] - offsets[start])
        self.rows += len(lines)

    def _break(self, lines: pa.BinaryArray) -> pa.BinaryArray:
        number = np.arange(self.rows, self.rows + len(lines))
        mask = uniform(*self._key, number) < self._hostile
        kinds = below(3, *self._key, 1, number[mask])
        damaged = []
        for line, kind, bits in zip(
            lines.filter(pa.array(mask)).to_pylist(),
            kinds.tolist(),
            mix(*self._key, 2, number[mask]).tolist(),
            strict=True,
        ):
            if kind == 0:  # cut behind one of the pipes
                damaged.append(line.rsplit(b"|", 2 + bits % 3)[0] + b"|\n")
            elif kind == 1:
                damaged.append(line[:-1] + b"more|\n")
            else:  # a byte that UTF-8 never has, at the start of a field
                at = line.index(b"|") + 1
                damaged.append(line[:at] + b"\xff" + line[at:])
            self.broken[HOSTILE_KINDS[kind]] += 1
        if not damaged:
            return lines
        return pc.replace_with_mask(lines, pa.array(mask), pa.array(damaged, pa.binary()))
