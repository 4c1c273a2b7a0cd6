"""The sentences that go on, of all shards: what the cap and the sample leave on each side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bali.graph.nodes import NodeIds
from bali.log import progress
from bali.pairs.cap import ConceptCap, Draws, Sample, draws
from bali.pairs.keys import Integers, document_keys, require_ascending
from bali.pairs.selection import MentionRule, Selection, Tally, is_validation, select
from bali.pairs.staging import map_staged, write_staged
from bali.storage import stream_table

SPLITS = ("train", "validation")
OVER_CAP, NOT_DRAWN = "over the cap", "not drawn"
CAP, SAMPLE = 0, 1  # purposes of a draw


@dataclass(frozen=True)
class Shard:
    """One shard and its files."""

    name: str
    documents: Path
    sentences: Path
    mentions: Path


@dataclass(frozen=True)
class Limits:
    """How many sentences go on.

    Attributes:
        per_concept: training sentences a concept; None for all, which costs no memory.
        drop_over: in a sentence that stays for another concept, mentions of a concept that has
            its number elsewhere do not train.
        sentences: to train on; None for all. Validation gets its share of as many.
        validation_share: of the documents.
        seed: of all choices.
    """

    per_concept: int | None
    drop_over: bool
    sentences: int | None
    validation_share: float
    seed: int

    def sample(self, split: str) -> Sample | None:
        """The sample of one side, if there is to be one."""
        if self.sentences is None:
            return None
        return Sample(
            self.sentences if split == "train" else round(self.sentences * self.validation_share)
        )


class Choice:
    """Chooses sentences in three rounds over the shards, of which one at a time is in memory.

    `look` at every shard, then `draw`, then take what is `chosen` of each. The order of the shards
    and what they hold change nothing.
    """

    def __init__(
        self, ids: NodeIds, rule: MentionRule, limits: Limits, scratch: Path, tally: Tally
    ) -> None:
        """Nothing has been looked at.

        Args:
            ids: the nodes of the graph.
            rule: what a mention needs.
            limits: how many sentences go on.
            scratch: folder that gets the candidates of each shard.
            tally: gets the numbers of rows read and dropped.
        """
        self._ids, self._rule, self._limits = ids, rule, limits
        self._scratch, self._tally = scratch, tally
        most = limits.per_concept
        self._cap = None if most is None else ConceptCap(ids.count, most)
        self._samples = {split: limits.sample(split) for split in SPLITS}
        self._seen: list[Shard] = []

    def look(self, shard: Shard, kept: Integers) -> None:
        """Read the keys of a shard; leave its candidates on disk.

        Args:
            shard: one that was not looked at.
            kept: keys of the documents that `kept` has in it, ascending.

        Raises:
            InputError: the shard's files do not belong together.
        """
        selection = select(
            shard.sentences, shard.mentions, kept, self._ids, self._rule, self._tally
        )
        pmid = selection.sentences["pmid"].to_numpy()
        validation = is_validation(pmid, self._limits.validation_share, self._limits.seed)
        train = selection.keep(~validation)
        if self._cap:
            # what is over the cap already is not put on disk
            possible = self._cap.add(train.row, train.node, self._draws(train, CAP))
            train = self._keep(train, possible, OVER_CAP, self._tally)
        sides = {"train": train, "validation": selection.keep(validation)}
        for split, of_side in sides.items():
            write_staged([of_side.table()], self._path(shard, split))
        self._seen.append(shard)

    def draw(self) -> None:
        """Look at all candidates, where there is to be a sample of them."""
        for split, sample in self._samples.items():
            if sample:
                for shard in progress(self._seen, f"shards sampled for {split}", len(self._seen)):
                    sample.add(self._draws(self._under_cap(shard, split, Tally.new()), SAMPLE))

    def chosen(self, shard: Shard, split: str) -> Selection:
        """The sentences of one side that go on; to be asked for once."""
        selection = self._under_cap(shard, split, self._tally)
        sample = self._samples[split]
        drawn = np.ones(selection.sentences.num_rows, np.bool_)
        if sample:
            drawn = sample.stays(self._draws(selection, SAMPLE))
        selection = self._keep(selection, drawn, NOT_DRAWN, self._tally)
        self._path(shard, split).unlink()
        return selection

    def _under_cap(self, shard: Shard, split: str, tally: Tally) -> Selection:
        selection = Selection.of(map_staged(self._path(shard, split)))
        mentions = np.ones(len(selection.row), np.bool_)
        if split == "train" and self._cap:
            draw = self._draws(selection, CAP)
            mentions = self._cap.within(selection.row, selection.node, draw)
        stays = np.zeros(selection.sentences.num_rows, np.bool_)
        stays[selection.row[mentions]] = True
        left = self._keep(selection, stays, OVER_CAP, tally)
        if not self._limits.drop_over:
            return left
        left = left.keep_mentions(mentions[stays[selection.row]])
        tally.dropped_mentions[OVER_CAP] += int(stays[selection.row].sum()) - len(left.row)
        return left

    def _draws(self, selection: Selection, purpose: int) -> Draws:
        return draws(selection.sentences, self._limits.seed, purpose)

    def _path(self, shard: Shard, split: str) -> Path:
        return self._scratch / f"candidates-{shard.name}-{split}.arrow"

    @staticmethod
    def _keep(
        selection: Selection, stays: NDArray[np.bool_], reason: str, tally: Tally
    ) -> Selection:
        """Some sentences of a selection; the others are counted."""
        left = selection.keep(stays)
        tally.dropped_sentences[reason] += int((~stays).sum())
        tally.dropped_mentions[reason] += len(selection.row) - len(left.row)
        return left


def kept_documents(path: Path, shards: Sequence[Shard]) -> dict[str, Integers]:
    """Shard -> the keys of the documents that the table `kept` has in it, ascending.

    Raises:
        InputError: its rows are not sorted.
    """
    parts: dict[str, list[Integers]] = {shard.name: [] for shard in shards}
    for batch in stream_table("kept", path, dictionaries=["shard"]):
        keys = document_keys(batch)
        shard = batch["shard"]
        number = shard.indices.to_numpy()
        for at, name in enumerate(shard.dictionary.to_pylist()):
            if name in parts:
                parts[name].append(keys[number == at])
    kept = {name: np.concatenate([np.empty(0, np.int64), *found]) for name, found in parts.items()}
    for keys in kept.values():
        require_ascending(keys, path)
    return kept
