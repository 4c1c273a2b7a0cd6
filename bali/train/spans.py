"""Spans of the training sentences that may mean something: runs of words with the edges of names.

A span may begin with a word that names begin with and end with one that they end with, as `EDGE`
says. That keeps "renal injury" and leaves out "of the renal", in whatever language the names are,
without a list of stop words or a tagger. No span crosses punctuation that parts phrases.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast

from bali.hashing import mix
from bali.ranges import ranges
from bali.train.columns import Lists

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]
CLOSING = frozenset(".,;:!?()[]")  # no span reaches over them; a hyphen or a slash is a word
EDGE = 0.03  # least share of a word's places in names that are the first, or the last, of a name
INSIDE = "##"  # WordPiece: a token that goes on with a word
BEGINS = ("\u0120", "\u2581")  # byte-level BPE, SentencePiece: a token that begins a word


class Vocabulary(NamedTuple):
    """What a tokeniser's tokens are to words: an array over all ids each, bool."""

    begins: NDArray[np.bool_]  # the token begins a word
    closes: NDArray[np.bool_]  # no span holds it: punctuation, special tokens

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerFast) -> Vocabulary:
        """Read it off the tokens: the family marks either what begins a word or what goes on."""
        tokens = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
        if any(token.startswith(INSIDE) and len(token) > len(INSIDE) for token in tokens):
            begins = [not token.startswith(INSIDE) for token in tokens]
        else:
            begins = [token.startswith(BEGINS) or token in CLOSING for token in tokens]
        closes = np.array([token.lstrip("".join(BEGINS)) in CLOSING for token in tokens])
        closes[tokenizer.all_special_ids] = True
        return cls(np.array(begins), closes)


class Words(NamedTuple):
    """The words of texts, one after another."""

    first: Ints  # (words,): place of its first token
    end: Ints  # (words,): the place after its last
    text: Ints  # (words,): number of its text; -1 where the word is no word but closes a phrase
    hash: Hashes  # (words,): equal for equal words


class Spans(NamedTuple):
    """Distinct spans, sorted by hash."""

    ids: Lists  # token ids, without special tokens
    hash: Hashes  # (spans,): equal for equal token ids


def words_of(texts: Lists, vocabulary: Vocabulary) -> Words:
    """Cut texts into words; a token that opens a text begins one in any case."""
    ids = texts.values
    closes = vocabulary.closes[ids]
    after = np.concatenate([[True], closes[:-1]])  # also without a space in between
    begins = vocabulary.begins[ids] | closes | after | (texts.position == 0)
    first = np.flatnonzero(begins)
    end = np.append(first[1:], len(ids))
    text = np.where(closes[first], -1, texts.owner[first])
    return Words(first, end, text, _hashes(ids, first, end))


def find_spans(
    sentences: Lists, names: Lists, vocabulary: Vocabulary, most_words: int
) -> tuple[Spans, int]:
    """All distinct spans of some sentences that have the edges of names and equal none.

    Args:
        sentences: token ids with special tokens.
        names: the same of all names.
        vocabulary: of the tokeniser.
        most_words: of a span.

    Returns:
        The spans, and how many more there were that equal a name.
    """
    named = words_of(names, vocabulary)
    rows = np.flatnonzero(named.text >= 0)
    text, known = named.text[rows], named.hash[rows]
    opens = np.diff(text, prepend=-1) != 0
    closes = np.append(opens[1:], True)[: len(rows)]
    opening, closing = _edges(known, opens), _edges(known, closes)
    whole = _hashes(names.values, named.first[rows[opens]], named.end[rows[closes]])

    words = words_of(sentences, vocabulary)
    may_open = np.isin(words.hash, opening) & (words.text >= 0)
    may_close = np.isin(words.hash, closing) & (words.text >= 0)
    phrase = np.cumsum(words.text < 0)  # spans stay between what closes
    first, end = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for length in range(1, most_words + 1):
        open_ = np.arange(len(words.first) - length + 1)
        close = open_ + length - 1
        fits = may_open[open_] & may_close[close] & (words.text[open_] == words.text[close])
        fits &= phrase[open_] == phrase[close]
        first.append(words.first[open_[fits]])
        end.append(words.end[close[fits]])
    begin, stop = np.concatenate(first), np.concatenate(end)
    found, at = np.unique(_hashes(sentences.values, begin, stop), return_index=True)
    new = ~np.isin(found, whole)
    lengths = (stop - begin)[at[new]]
    _, place = ranges(begin[at[new]], lengths)
    return Spans(Lists(sentences.values[place], lengths), found[new]), int((~new).sum())


def _edges(word: Hashes, edge: NDArray[np.bool_]) -> Hashes:
    """The words that stand often enough at an edge of names."""
    distinct, kind = np.unique(word, return_inverse=True)
    share = np.bincount(kind, edge, len(distinct)) / np.bincount(kind, minlength=len(distinct))
    often: Hashes = distinct[share >= EDGE]
    return often


def _hashes(ids: Ints, first: Ints, end: Ints) -> Hashes:
    """One number for the ids of each run, by what and where they are in it."""
    owner, place = ranges(first, end - first)
    parts = mix(ids[place], place - first[owner])
    if not len(parts):
        return np.empty(0, np.uint64)
    before = np.cumsum(end - first) - (end - first)
    summed: Hashes = np.add.reduceat(parts, before)
    return mix(summed, end - first)
