"""Selected sentences -> rows of `pairs`: tokens, and which of them belong to which mention."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from bali.pairs.alignment import tokens_of_mentions
from bali.pairs.keys import SENTENCE
from bali.pairs.selection import Selection, lists, offsets_of
from bali.pairs.tokeniser import Encoded
from bali.storage import conform
from bali.tables import TABLES


@dataclass(frozen=True)
class Rows:
    """Rows of `pairs` from one batch of sentences, and what the token limit cost.

    Attributes:
        pairs: a row a sentence that keeps a mention.
        mentions: mentions in them.
        lost: mentions without a token before the limit; they are in no row.
        cut: mentions in rows that go on behind the limit.
        empty: sentences whose mentions were all lost; they have no row.
    """

    pairs: pa.Table
    mentions: int
    lost: int
    cut: int
    empty: int


def pair_rows(selection: Selection, encoded: Encoded) -> Rows:
    """Align the mentions of sentences with the tokens of these.

    Args:
        selection: the sentences and their mentions, in the order of `encoded`.
        encoded: tokens of the sentences; spans relative to the sentence.
    """
    count = selection.sentences.num_rows
    origin = selection.sentences["start"].to_numpy()[selection.row]  # (mentions,)
    end = selection.end - origin
    mention, position = tokens_of_mentions(
        encoded.offsets, encoded.start, encoded.end, selection.row, selection.start - origin, end
    )
    found = np.zeros(len(selection.row), np.bool_)
    found[mention] = True
    # the last token that is text ends where reading stopped
    reach = np.zeros(count, np.int64)
    np.maximum.at(reach, np.repeat(np.arange(count), np.diff(encoded.offsets)), encoded.end)
    cut = found & encoded.cut[selection.row] & (end > reach[selection.row])

    row = selection.row[found]  # (mentions that stay,), ascending
    per_row = np.bincount(row, minlength=count)
    rank = np.arange(len(row)) - np.searchsorted(row, row)  # number of a mention in its sentence
    number = np.zeros(len(found), np.int64)
    number[found] = rank
    tokens = np.bincount(selection.row[mention], minlength=count)
    rows = pa.table(
        {
            **{name: selection.sentences[name] for name in SENTENCE},
            "input_ids": lists(encoded.offsets, encoded.input_ids),
            "token": lists(offsets_of(tokens), position),
            "owner": lists(offsets_of(tokens), number[mention]),
            "concept": lists(offsets_of(per_row), selection.node[found]),
        }
    )
    pairs = conform(rows, TABLES["pairs"].schema).filter(pa.array(per_row > 0))
    return Rows(pairs, len(row), int((~found).sum()), int(cut.sum()), int((per_row == 0).sum()))
