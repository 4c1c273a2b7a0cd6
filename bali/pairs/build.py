"""Chosen sentences -> rows of `pairs` on disk, shard by shard, and what there is of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bali.counts import Counts
from bali.errors import InputError
from bali.heldout import HeldoutText
from bali.pairs.choice import SPLITS, Shard
from bali.pairs.keys import DOCUMENT, Integers, document_keys, find
from bali.pairs.rows import Rows, pair_rows
from bali.pairs.selection import Selection, Tally
from bali.pairs.staging import write_staged
from bali.pairs.texts import cut_out, document_texts
from bali.pairs.tokeniser import Tokeniser
from bali.storage import stream_table

BATCH = 2_048  # sentences tokenised at once; bounds memory, changes no result
DOCUMENTS = 4_096  # documents whose texts are cut at once; the same
NO_TOKEN = "no token before the limit"
HELD_OUT = "sentence with a held-out name"


class Staged:
    """Rows of `pairs` on disk, a file a shard and split, and what the token limit cost."""

    def __init__(self, folder: Path, tokeniser: Tokeniser, heldout: HeldoutText) -> None:
        """Nothing is there; sentences that write a held-out name will be left out."""
        self.files: dict[str, list[Path]] = {split: [] for split in SPLITS}
        self.sentences = dict.fromkeys(SPLITS, 0)
        self._folder, self._tokeniser, self._heldout = folder, tokeniser, heldout
        self._withheld: Counter[str] = Counter()
        self._mentions = self._lost = self._cut = self._empty = 0

    def add(self, shard: Shard, split: str, selection: Selection) -> None:
        """Tokenise the selected sentences of one side of a shard."""

        def rows() -> Iterator[pa.Table]:
            for chosen, texts in texts_of(shard.documents, selection):
                part = self._tokenised(chosen, texts)
                self.sentences[split] += part.pairs.num_rows
                self._mentions += part.mentions
                self._lost += part.lost
                self._cut += part.cut
                self._empty += part.empty
                yield part.pairs

        path = self._folder / f"pairs-{shard.name}-{split}.arrow"
        if write_staged(rows(), path):
            self.files[split].append(path)

    def _tokenised(self, selection: Selection, texts: list[str]) -> Rows:
        """Tokenise sentences, but for those that write a held-out name."""
        clean = np.array([not self._heldout.holds(text) for text in texts], np.bool_)
        kept = selection.keep(clean)
        self._withheld["sentences"] += int((~clean).sum())
        self._withheld["mentions"] += len(selection.row) - len(kept.row)
        return pair_rows(
            kept, self._tokeniser.encode([t for t, ok in zip(texts, clean, strict=True) if ok])
        )

    def count(self, tally: Tally, counts: Counts) -> None:
        """Enter what was read, kept and dropped, these last reasons included."""
        tally.dropped_sentences[HELD_OUT] = self._withheld["sentences"]
        tally.dropped_mentions[HELD_OUT] = self._withheld["mentions"]
        tally.dropped_sentences[NO_TOKEN] = self._empty
        tally.dropped_mentions[NO_TOKEN] = self._lost
        kept = sum(self.sentences.values())
        counts.add("sentences", read=tally.sentences, kept=kept, dropped=tally.dropped_sentences)
        counts.add(
            "mentions", read=tally.mentions, kept=self._mentions, dropped=tally.dropped_mentions
        )
        counts.facts["mentions_cut_in_part"] = self._cut


def texts_of(documents: Path, selection: Selection) -> Iterator[tuple[Selection, list[str]]]:
    """Cut the selected sentences of one shard out of its documents, batch by batch.

    Raises:
        InputError: a sentence belongs to no document, or ends behind it: the files are of different
            shards.
    """
    wanted = document_keys(selection.sentences)  # (sentences,), ascending
    done = 0
    for batch in stream_table("documents", documents, [*DOCUMENT, "title", "abstract"]):
        for first in range(0, batch.num_rows, DOCUMENTS):
            part = batch.slice(first, DOCUMENTS)
            keys = document_keys(part)
            stop = int(np.searchsorted(wanted, keys[-1], "right"))
            row = find(wanted[done:stop], keys)
            if (row < 0).any():
                raise _no_document(documents, selection, done + int(np.argmax(row < 0)))
            yield from _cut(documents, selection.part(done, stop), part, row)
            done = stop
    if done < len(wanted):
        raise _no_document(documents, selection, done)


def _no_document(path: Path, selection: Selection, sentence: int) -> InputError:
    return InputError(
        f"{path}: holds no document {selection.sentences['pmid'][sentence]}, which has sentences; "
        "give files of one shard, in the same order"
    )


def _cut(
    path: Path, selection: Selection, documents: pa.RecordBatch, row: Integers
) -> Iterator[tuple[Selection, list[str]]]:
    """Cut sentences out of some documents; `row` is (sentences,) the document of each."""
    texts = document_texts(documents["title"], documents["abstract"])
    start, end = (
        selection.sentences[name].to_numpy().astype(np.int64) for name in ("start", "end")
    )
    try:
        sentences = cut_out(texts, row, start, end)
    except IndexError:
        raise InputError(
            f"{path}: a document between PMID {documents['pmid'][0]} and {documents['pmid'][-1]} "
            "is shorter than its sentences; run the corpus stage again"
        ) from None
    for first in range(0, len(sentences), BATCH):
        stop = min(first + BATCH, len(sentences))
        yield selection.part(first, stop), sentences[first:stop]


class Facts:
    """What one side holds, counted while its rows pass."""

    def __init__(self, nodes: int) -> None:
        """Nothing has passed."""
        self._sentences = self._documents = self._mentions = 0
        self._of_concept = np.zeros(nodes, np.int64)  # sentences

    def see(self, rows: pa.Table) -> pa.Table:
        """Count rows of `pairs`, of whole documents, and pass them on."""
        self._sentences += rows.num_rows
        self._documents += len(np.unique(document_keys(rows)))
        node = pc.list_flatten(rows["concept"]).to_numpy().astype(np.int64)
        row = np.repeat(np.arange(rows.num_rows), pc.list_value_length(rows["concept"]).to_numpy())
        self._mentions += len(node)
        nodes = len(self._of_concept)
        distinct = np.unique(row * nodes + node) % nodes  # once a sentence
        self._of_concept += np.bincount(distinct, minlength=nodes)
        return rows

    def named(self, split: str) -> dict[str, int]:
        """The facts, as counts.json names them."""
        return {
            f"{split}_sentences": self._sentences,
            f"{split}_documents": self._documents,
            f"{split}_mentions": self._mentions,
            f"{split}_concepts": int((self._of_concept > 0).sum()),
            f"{split}_sentences_per_concept_max": int(self._of_concept.max(initial=0)),
        }
