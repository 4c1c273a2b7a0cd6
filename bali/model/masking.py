"""Masking for the masked-language-model loss: 15 % of the tokens, 80/10/10; whole mentions.

Source: Devlin et al. 2019 (arXiv:1810.04805), section 3.1. Each draw is a function of (seed,
epoch, item, position): batches, workers and ranks change nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bali.hashing import below, uniform

IGNORED = -100  # label of a token that the loss does not count; torch's ignore_index
MASKED, RANDOM = 0.8, 0.1  # of the chosen tokens; the rest stays as it is

_CHOICE, _KIND, _TOKEN = 1, 2, 3  # keys that part the three draws of a token
_MENTION = 4  # and the draw of a mention


def mask_tokens(
    ids: NDArray[np.int64],
    item: NDArray[np.int64],
    position: NDArray[np.int64],
    *,
    share: float,
    special: NDArray[np.int64],
    mask_id: int,
    vocabulary: int,
    seed: int,
    epoch: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose tokens and hide them.

    Args:
        ids: (tokens,), token ids of any number of sentences.
        item: (tokens,), the sentence's row in its table.
        position: (tokens,), the token's position in its sentence.
        share: probability of a token to be chosen.
        special: ids that are never chosen ([CLS], [SEP], [PAD], ...).
        mask_id: id of [MASK].
        vocabulary: number of token ids; a random token is any of them.
        seed: of the run.
        epoch: of the run.

    Returns:
        The ids with the chosen tokens hidden, and the labels: the true id where a token was chosen,
        `IGNORED` elsewhere. Both (tokens,), int64.
    """
    keys = (seed, epoch, item, position)
    chosen = (uniform(_CHOICE, *keys) < share) & ~np.isin(ids, special)
    kind = uniform(_KIND, *keys)
    hidden = np.where(
        kind < MASKED,
        mask_id,
        np.where(kind < MASKED + RANDOM, below(vocabulary, _TOKEN, *keys), ids),
    )
    return np.where(chosen, hidden, ids), np.where(chosen, ids, IGNORED)


def mask_mentions(
    ids: NDArray[np.int64],
    hidden: NDArray[np.int64],
    labels: NDArray[np.int64],
    token: NDArray[np.int64],
    item: NDArray[np.int64],
    concept: NDArray[np.int64],
    *,
    share: float,
    mask_id: int,
    seed: int,
    epoch: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Hide all tokens of some mentions behind [MASK], on top of `mask_tokens`.

    A concept is hidden wherever its sentence mentions it, or not at all: one mention would give the
    other away. The true ids stay as labels, so that the loss asks for the name as well.

    Args:
        ids: (tokens,), as they were before any masking.
        hidden: (tokens,), ids that `mask_tokens` gave.
        labels: (tokens,), labels that it gave.
        token: (links,), places in `ids`: tokens of mentions.
        item: (links,), row of the token's sentence in its table.
        concept: (links,), node id of the token's mention.
        share: probability of a concept of a sentence to be hidden.
        mask_id: id of [MASK].
        seed: of the run.
        epoch: of the run.

    Returns:
        New ids and labels, (tokens,) each.
    """
    chosen = token[uniform(_MENTION, seed, epoch, item, concept) < share]
    hidden, labels = hidden.copy(), labels.copy()
    hidden[chosen] = mask_id
    labels[chosen] = ids[chosen]
    return hidden, labels
