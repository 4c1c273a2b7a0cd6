"""Tokenised sentences of one file and their mentions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bali.errors import InputError
from bali.storage import map_ipc
from bali.train.columns import Ints, Lists, Ragged


@dataclass(frozen=True)
class Vocabulary:
    """What masking needs to know of the tokeniser."""

    special: Ints  # ids that are never masked
    mask_id: int
    size: int


class Sentences:
    """The rows of train.arrow or validation.arrow, mapped."""

    def __init__(self, path: Path) -> None:
        """Map the file.

        Raises:
            InputError: it holds no sentences.
        """
        rows = map_ipc("pairs", path)
        self.number = int(rows.num_rows)
        if not self.number:
            raise InputError(
                f"{path}: no sentences; more documents, a lower pairs.min_score, or another "
                "pairs.validation_share would give some"
            )
        self._ids, self._token, self._owner, self._concept = (
            Ragged(rows[name]) for name in ("input_ids", "token", "owner", "concept")
        )

    def highest_concept(self) -> int:
        """The largest node id that is mentioned; -1 if there is none."""
        return self._concept.highest()

    def tokens(self, items: Ints) -> Lists:
        """Token ids of some sentences, unmasked."""
        return self._ids.rows(items)

    def mentions(self, items: Ints, first: Ints) -> tuple[Ints, Ints, Ints]:
        """Which tokens belong to which mention row; a row is a concept of a sentence.

        Args:
            items: (sentences,), rows of the file.
            first: (sentences,), where each one's tokens begin in the step.

        Returns:
            token and group, (links,) each, a token of a row once; concept, (M,).
        """
        token, owner, concept = (
            column.rows(items) for column in (self._token, self._owner, self._concept)
        )
        # `token` and `owner` are parallel: one link each, of a token to a mention of its sentence
        sentence = token.owner
        links = (
            sentence,
            concept.values[concept.starts[sentence] + owner.values],
            first[sentence] + token.values,
        )
        # overlapping mentions of one concept may give a token twice; the mean counts it once
        link = np.unique(np.stack(links, axis=1), axis=0)
        row, group = np.unique(link[:, :2], axis=0, return_inverse=True)
        return link[:, 2].copy(), group.reshape(-1), row[:, 1].copy()
