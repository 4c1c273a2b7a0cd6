"""What is hidden of a step's texts: tokens, whole mentions, tokens of names."""

from __future__ import annotations

from dataclasses import dataclass

from bali.hashing import mix
from bali.model.masking import mask_mentions, mask_tokens
from bali.train.columns import Ints, Lists
from bali.train.sentences import Vocabulary

_NAMES = 28  # parts the masks of names from those of sentences


@dataclass(frozen=True)
class Masks:
    """How much is hidden, and of which vocabulary."""

    vocabulary: Vocabulary
    tokens: float  # share of a sentence's tokens, 80/10/10
    mentions: float  # share of the concepts of a sentence, all their tokens behind [MASK]
    names: float  # share of the tokens of the graph's names, 80/10/10; no loss asks for them

    def sentences(
        self, sentences: Lists, items: Ints, token: Ints, concept: Ints, *, seed: int, epoch: int
    ) -> tuple[Ints, Ints]:
        """Hide tokens of sentences.

        Args:
            sentences: token ids.
            items: (sentences,), rows of their file.
            token: (links,) -> tokens: those that belong to mentions.
            concept: (links,), node ids of these mentions.
            seed: of the run.
            epoch: of the run.

        Returns:
            ids and labels, (tokens,) each; see `mask_tokens`.
        """
        item = items[sentences.owner]  # (tokens,)
        ids, labels = self._tokens(sentences, item, self.tokens, seed, epoch)
        if not self.mentions:
            return ids, labels
        return mask_mentions(
            sentences.values,
            ids,
            labels,
            token,
            item[token],
            concept,
            share=self.mentions,
            mask_id=self.vocabulary.mask_id,
            seed=seed,
            epoch=epoch,
        )

    def of_names(self, names: Lists, nodes: Ints, *keys: int) -> Lists:
        """Hide tokens of the names of `nodes`, by (keys, node, position)."""
        if not self.names:
            return names
        seed = int(mix(_NAMES, *keys))
        ids, _ = self._tokens(names, nodes[names.owner], self.names, seed, epoch=0)
        return Lists(ids, names.lengths)

    def _tokens(
        self, texts: Lists, item: Ints, share: float, seed: int, epoch: int
    ) -> tuple[Ints, Ints]:
        return mask_tokens(
            texts.values,
            item,
            texts.position,
            share=share,
            special=self.vocabulary.special,
            mask_id=self.vocabulary.mask_id,
            vocabulary=self.vocabulary.size,
            seed=seed,
            epoch=epoch,
        )
