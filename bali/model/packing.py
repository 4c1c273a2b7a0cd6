"""Texts laid end to end in rows of one length, so that next to nothing of a batch is padding.

Sentences and names differ in length by a factor of ten; padded to the longest, most of what a
language model computes would be padding (method.md section 5, defect 11). Here several texts share
a row. Attention stays inside each text by a mask, and positions start anew in each, so the vectors
are those of `lm(input_ids, attention_mask)` on one text a row: see `bali/model/encoding.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Ints = NDArray[np.int64]

# Longer rows are filled better but cost more attention, whose share of the FLOPs of a token is
# length / (6 * dim). Tried are multiples of the longest text; the width is that of BERT-base.
STRETCH = (1.0, 1.25, 1.5, 2.0)
WIDTH = 768


@dataclass(frozen=True)
class Rows:
    """Where each token of some texts stands in a (rows, length) matrix, and what stands there."""

    token: Tensor  # (rows, length), int64 -> tokens; 0 at padding
    text: Tensor  # (rows, length), int64: number of the text; -1 at padding
    position: Tensor  # (rows, length), int64: place in its text, from 0; 0 at padding
    place: Tensor  # (tokens,), int64 -> the flattened rows


def pack(lengths: Ints) -> Rows:
    """Lay out texts in as few cells as a handful of row lengths allow.

    Args:
        lengths: (texts,), tokens of each text, in the order in which their tokens come.

    Returns:
        The layout; a function of the lengths alone.
    """
    longest = int(lengths.max(initial=1))
    order = np.argsort(-lengths, kind="stable")
    decreasing = lengths[order].tolist()

    def cost(length: int) -> float:
        rows = 1 + max(best_fit(decreasing, length)[0], default=0)
        return rows * length * (1 + length / (6 * WIDTH))

    candidates = sorted({int(longest * stretch) for stretch in STRETCH})
    length = min(candidates, key=cost)
    row, start = np.empty_like(lengths), np.empty_like(lengths)
    row[order], start[order] = best_fit(decreasing, length)
    return _layout(lengths, row, start, length)


def one_a_row(lengths: Ints) -> Rows:
    """Lay out one text a row, padded to the longest: for models that cannot tell texts apart."""
    count = np.arange(len(lengths))
    return _layout(lengths, count, np.zeros_like(count), int(lengths.max(initial=1)))


def best_fit(lengths: list[int], capacity: int) -> tuple[list[int], list[int]]:
    """Bin packing: each text goes where it leaves the least room (best fit decreasing).

    Args:
        lengths: of the texts, longest first; each at most `capacity`.
        capacity: cells of a row.

    Returns:
        The row of each text, and the cell where it starts.
    """
    room: list[list[int]] = [[] for _ in range(capacity + 1)]  # free cells -> rows
    free = 0  # bit n: there is a row with n free cells
    rows = 0
    row, start = [], []
    for length in lengths:
        fitting = free >> length
        if fitting:
            left = length + (fitting & -fitting).bit_length() - 1  # the lowest bit set
            number = room[left].pop()
            if not room[left]:
                free ^= 1 << left
        else:
            left, number = capacity, rows
            rows += 1
        row.append(number)
        start.append(capacity - left)
        room[left - length].append(number)
        free |= 1 << left - length
    return row, start


def _layout(lengths: Ints, row: Ints, start: Ints, length: int) -> Rows:
    text = np.repeat(np.arange(len(lengths)), lengths)  # (tokens,)
    position = np.arange(len(text)) - (np.cumsum(lengths) - lengths)[text]
    place = row[text] * length + start[text] + position
    rows = int(row.max(initial=-1)) + 1

    def matrix(values: Ints, padding: int) -> Tensor:
        cells = np.full(rows * length, padding, np.int64)
        cells[place] = values
        return torch.from_numpy(cells.reshape(rows, length))

    return Rows(
        token=matrix(np.arange(len(text)), 0),
        text=matrix(text, -1),
        position=matrix(position, 0),
        place=torch.from_numpy(place),
    )
