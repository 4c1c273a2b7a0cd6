"""Spans with the names that they may mean: the step of the objective `soft`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from bali.errors import InputError
from bali.hashing import below, mix
from bali.model.batch import SoftInput, Texts
from bali.model.objectives.contrast import HIDDEN
from bali.storage import map_ipc
from bali.train.columns import Ragged
from bali.train.names import Names

_SPAN, _NAME = 42, 43  # part these choices from others of the same keys


class SoftLinks:
    """Draws them for a step; the sentences of the step have no part in it."""

    def __init__(self, path: Path, names: Names, spans: int, candidates: int) -> None:
        """Map soft_links.arrow.

        Args:
            path: the table.
            names: of all nodes, whose rows the table names.
            spans: a step. They are drawn with replacement, and one that is drawn twice counts once.
            candidates: names a span, at least two: the likeliest, the nearest, and others of its
                own by chance. The first two, where they differ, are what the model is to learn:
                what it should answer, and what it would. All names of a step are compared with all
                its spans: where one is among a span's own, it counts with its logit, and elsewhere
                as a name that the span does not mean.

        Raises:
            InputError: the table is empty or names a name that is not there.
        """
        rows = map_ipc("soft_links", path)
        if not rows.num_rows:
            raise InputError(
                f"{path}: no span, but train.w_soft is above 0; set it to 0, or let more text "
                "train, or lower soft_links.least_cosine"
            )
        self._ids, self._name = Ragged(rows["input_ids"]), Ragged(rows["name"])
        self._nearest = rows["nearest"].to_numpy().astype(np.int64)
        self._logit = rows["logit"].combine_chunks().values.to_numpy()
        self._offset = rows["logit"].combine_chunks().offsets.to_numpy().astype(np.int64)
        if self._name.highest() >= names.number.sum():
            raise InputError(
                f"{path}: a name that is not there; it and the names are of different runs of the "
                "workflow: run snakemake"
            )
        self._names = names
        self._spans, self._candidates = spans, candidates

    def draw(self, *keys: int) -> SoftInput:
        """The spans of a step and names of each, drawn by `keys`."""
        number = len(self._offset) - 1
        span = np.unique(below(number, _SPAN, *keys, np.arange(self._spans)))
        listed = self._name.rows(span)
        chance = mix(_NAME, *keys, span[listed.owner], listed.values)
        first = (listed.position == 0) | (listed.position == self._nearest[span][listed.owner])
        order = np.lexsort((chance, ~first, listed.owner))
        drawn = listed.values[order[listed.position < self._candidates]]
        name = np.unique(drawn)
        place = np.minimum(np.searchsorted(name, listed.values), len(name) - 1)
        here = name[place] == listed.values
        logit = np.full((len(span), len(name)), HIDDEN, np.float32)
        values = self._logit[self._offset[span][listed.owner] + listed.position]
        logit[listed.owner[here], place[here]] = values[here]
        ids, of_names = self._ids.rows(span), self._names.at(name)
        texts = Texts(
            torch.from_numpy(np.concatenate([ids.values, of_names.values])),
            torch.from_numpy(np.concatenate([ids.lengths, of_names.lengths])),
        )
        return SoftInput(texts, torch.from_numpy(logit))
