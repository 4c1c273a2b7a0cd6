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


class Vocabulary:
    """What a tokeniser's tokens are to words.

    Attributes:
        begins: (ids,), bool: the token begins a word.
        marks: (ids,), bool: it has no letter and no digit, so that a word ends before it.
        closes: (ids,), bool: no span holds it: punctuation, special tokens.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        """Read it off the tokens: the family marks either what begins a word or what goes on."""
        tokens = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
        if any(token.startswith(INSIDE) and len(token) > len(INSIDE) for token in tokens):
            begins = [not token.startswith(INSIDE) for token in tokens]
        else:
            begins = [token.startswith(BEGINS) for token in tokens]
        plain = [token.lstrip("".join(BEGINS)).removeprefix(INSIDE) for token in tokens]
        self.begins = np.array(begins)
        self.marks = np.array([not any(map(str.isalnum, token)) for token in plain])
        self.closes = np.array([token in CLOSING for token in plain])
        self.closes[tokenizer.all_special_ids] = True
        self._tokenizer = tokenizer
        self._number: dict[str, int] = {}

    def numbers(self, ids: Ints, first: Ints, end: Ints) -> Ints:
        """One number for each word, the same wherever and however it is written.

        Byte-level tokens of a word differ by whether a space stands before it, and cased ones by
        how a sentence begins; its letters are what counts.
        """
        _, at, kind = np.unique(_hashes(ids, first, end), return_index=True, return_inverse=True)
        runs = [ids[first[i] : end[i]].tolist() for i in at]
        texts = self._tokenizer.batch_decode(runs) if runs else []
        keys = [text.strip().lower() for text in texts]
        found = [self._number.setdefault(key, len(self._number)) for key in keys]
        return np.array(found, np.int64)[kind]


class Words(NamedTuple):
    """The words of texts, one after another."""

    first: Ints  # (words,): place of its first token
    end: Ints  # (words,): the place after its last
    text: Ints  # (words,): number of its text; -1 where the word is no word but closes a phrase
    number: Ints  # (words,): equal for equal words, see `Vocabulary.numbers`


class Spans(NamedTuple):
    """Distinct spans, sorted by hash."""

    ids: Lists  # token ids, without special tokens, as they first stand
    hash: Hashes  # (spans,): equal for equal words


def words_of(texts: Lists, vocabulary: Vocabulary) -> Words:
    """Cut texts into words; a token that opens a text begins one in any case."""
    ids = texts.values
    closes, marks = vocabulary.closes[ids], vocabulary.marks[ids] | vocabulary.closes[ids]
    after = np.concatenate([[True], marks[:-1]])[: len(ids)]  # also without a space in between
    begins = vocabulary.begins[ids] | marks | after | (texts.position == 0)
    first = np.flatnonzero(begins)
    end = np.append(first[1:], len(ids))[: len(first)]
    text = np.where(closes[first], -1, texts.owner[first])
    return Words(first, end, text, vocabulary.numbers(ids, first, end))


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
    text, known = named.text[rows], named.number[rows]
    opens = np.diff(text, prepend=-1) != 0
    closes = np.append(opens[1:], True)[: len(rows)]
    opening, closing = _edges(known, opens), _edges(known, closes)
    whole = _hashes(named.number, rows[opens], rows[closes] + 1)

    words = words_of(sentences, vocabulary)
    may_open = np.isin(words.number, opening) & (words.text >= 0)
    may_close = np.isin(words.number, closing) & (words.text >= 0)
    phrase = np.cumsum(words.text < 0)  # spans stay between what closes
    first, last = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for length in range(1, min(most_words, len(words.first)) + 1):
        begin = np.arange(len(words.first) - length + 1)
        end = begin + length - 1
        fits = may_open[begin] & may_close[end] & (words.text[begin] == words.text[end])
        fits &= phrase[begin] == phrase[end]
        first.append(begin[fits])
        last.append(end[fits])
    begin, end = np.concatenate(first), np.concatenate(last)
    found, at = np.unique(_hashes(words.number, begin, end + 1), return_index=True)
    new = ~np.isin(found, whole)
    start, stop = words.first[begin[at[new]]], words.end[end[at[new]]]
    _, place = ranges(start, stop - start)
    return Spans(Lists(sentences.values[place], stop - start), found[new]), int((~new).sum())


def _edges(word: Ints, edge: NDArray[np.bool_]) -> Ints:
    """The words that stand often enough at an edge of names."""
    distinct, kind = np.unique(word, return_inverse=True)
    share = np.bincount(kind, edge, len(distinct)) / np.bincount(kind, minlength=len(distinct))
    often: Ints = distinct[share >= EDGE]
    return often


def _hashes(ids: Ints, first: Ints, end: Ints) -> Hashes:
    """One number for the integers of each run, by what and where they are in it."""
    owner, place = ranges(first, end - first)
    parts = mix(ids[place], place - first[owner])
    if not len(parts):
        return np.empty(0, np.uint64)
    before = np.cumsum(end - first) - (end - first)
    summed: Hashes = np.add.reduceat(parts, before)
    return mix(summed, end - first)
