"""A subgraph written as a text, for the encoders `linear-v1` and `linear-v2`.

Layouts of method.md section 2, with one entry an edge, nearest hop first; for a star of one hop
that is one entry a neighbour:

    v1    [CLS] centre [SEP]   then   source relation target [SEP]
    v2    [CLS]                then   source relation [SEP] target [SEP] [SEP]

A concept without edges is `[CLS] centre [SEP]` in both. A text that is too long is cut and still
ends in [SEP]. Texts are put together from names and phrases that are tokenised already; a
byte-level tokeniser would give a name inside a text another first token than the name alone has.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from transformers import PreTrainedTokenizerFast

from bali.errors import InputError
from bali.storage import read_table
from bali.train.columns import Ints, Lists

PHRASE_TOKENS = 16  # method.md section 2


class Writer:
    """Writes the subgraphs of a step, all at once."""

    def __init__(
        self, phrases: Lists, *, cls_id: int, sep_id: int, encoder: str, max_tokens: int
    ) -> None:
        """Take what all texts share.

        Args:
            phrases: token ids of each relation's phrase, by relation id; no special tokens.
            cls_id: of the token that opens a text.
            sep_id: of the token that closes its parts.
            encoder: "linear-v1" or "linear-v2".
            max_tokens: of a text, special ones included.
        """
        self._phrases = phrases
        self._cls_id, self._sep_id = cls_id, sep_id
        self._first = encoder == "linear-v1"
        self._max_tokens = max_tokens

    @classmethod
    def of(
        cls,
        edge_types: Path,
        tokenizer: PreTrainedTokenizerFast,
        *,
        encoder: str,
        max_tokens: int,
        relations: int,
    ) -> Writer:
        """Tokenise the phrases of the table edge_types.

        Args:
            edge_types: the table.
            tokenizer: of the language model.
            encoder: as for `__init__`.
            max_tokens: as for `__init__`.
            relations: relation ids of the subgraphs.

        Raises:
            InputError: the table lacks a relation id, or the tokeniser has no token to open and to
                part texts with.
        """
        cls_id, sep_id = tokenizer.cls_token_id, tokenizer.sep_token_id
        if cls_id is None or sep_id is None:
            raise InputError(
                f"train.encoder: {encoder} writes texts with [CLS] and [SEP], which the "
                "tokeniser of the language model lacks; choose another encoder"
            )
        table = read_table("edge_types", edge_types, ["relation", "phrase"]).sort_by("relation")
        if table.num_rows < relations:
            raise InputError(
                f"{edge_types}: {table.num_rows} relations, but the subgraphs have {relations}; "
                "they are of different runs of the workflow: run snakemake"
            )
        # a phrase stands inside a text, after a space
        phrases = [f" {phrase}" for phrase in table["phrase"].to_pylist()]
        tokens = tokenizer(phrases, add_special_tokens=False)["input_ids"] if phrases else []
        tokens = [ids[:PHRASE_TOKENS] for ids in tokens]
        return cls(
            Lists.of(tokens), cls_id=cls_id, sep_id=sep_id, encoder=encoder, max_tokens=max_tokens
        )

    def write(
        self, names: Lists, member: Ints, edge_index: Ints, relation: Ints, centre: Ints
    ) -> Lists:
        """Write a disjoint union of subgraphs.

        Args:
            names: token ids of names, with the special tokens at both ends.
            member: (members,) -> names.
            edge_index: (2, edges) -> members, source above target; subgraph by subgraph.
            relation: (edges,) -> phrases.
            centre: (centres,) -> members, ascending: the first member of each subgraph.

        Returns:
            One text a centre.
        """
        bare = names.values[
            (names.position > 0) & (names.position < names.lengths[names.owner] - 1)
        ]
        pieces = Lists(
            np.concatenate([bare, self._phrases.values, [self._cls_id, self._sep_id]]),
            np.concatenate([names.lengths - 2, self._phrases.lengths, [1, 1]]),
        )
        cls, sep = len(pieces.lengths) - 2, len(pieces.lengths) - 1
        source, target = member[edge_index]  # (edges,) each, pieces
        phrase = relation + len(names.lengths)
        text = np.searchsorted(centre, edge_index[1], side="right") - 1  # (edges,) which text's

        seps = np.full(len(phrase), sep)
        entry = [source, phrase, target, seps]
        if not self._first:
            entry = [source, phrase, seps, target, seps, seps]
        entries = np.stack(entry, axis=1)  # (edges, pieces of an entry)
        count = np.arange(len(centre))
        opening = np.stack(np.broadcast_arrays(cls, member[centre], sep), axis=1)  # (centres, 3)
        stays = np.ones(opening.shape, np.bool_)
        if not self._first:  # the centre stands in the entries, if there is one
            stays[np.isin(count, text), 1:] = False

        piece = np.concatenate([opening[stays], entries.ravel()])
        owner = np.concatenate(
            [np.broadcast_to(count[:, None], stays.shape)[stays], text.repeat(entries.shape[1])]
        )
        order = np.argsort(owner, kind="stable")
        tokens = pieces.take(piece[order])
        lengths = np.bincount(owner[order][tokens.owner], minlength=len(centre))
        return self._cut(Lists(tokens.values, lengths))

    def _cut(self, texts: Lists) -> Lists:
        """The texts, none longer than allowed and each closed by [SEP]."""
        lengths = np.minimum(texts.lengths, self._max_tokens)
        values = texts.values[texts.position < self._max_tokens]
        cut = Lists(values, lengths)
        values[cut.starts + lengths - 1] = self._sep_id
        return cut
