"""Tokens of mentions, worked out by hand and by brute force."""

import numpy as np

from bali.hashing import below
from bali.model.tokenizer import load_tokenizer
from bali.pairs.alignment import tokens_of_mentions
from bali.pairs.tokeniser import Tokeniser
from bali.ranges import ranges


def align(rows, mentions):
    """Token spans by sentence, (sentence, start, end) by mention -> token positions by mention."""
    flat = np.array([span for row in rows for span in row], np.int32).reshape(-1, 2)
    offsets = np.cumsum([0, *map(len, rows)])
    row, start, end = (np.array(column, np.int64) for column in zip(*mentions, strict=True))
    mention, position = tokens_of_mentions(offsets, flat[:, 0], flat[:, 1], row, start, end)
    return [position[mention == m].tolist() for m in range(len(mentions))]


def test_ranges_are_written_out_one_after_the_other():
    owner, value = ranges(np.array([5, 0, 7]), np.array([2, 0, 3]))
    assert owner.tolist() == [0, 0, 2, 2, 2]
    assert value.tolist() == [5, 6, 7, 8, 9]


def test_whole_tokens_partial_overlaps_and_neighbours():
    # [CLS] heart(0-5) attack(6-12) ##like(12-16) [SEP]
    row = [(0, 0), (0, 5), (6, 12), (12, 16), (0, 0)]
    assert align([row], [(0, 0, 12)]) == [[1, 2]]  # ends where ##like starts: half-open
    assert align([row], [(0, 0, 13)]) == [[1, 2, 3]]  # one code point into ##like
    assert align([row], [(0, 4, 7)]) == [[1, 2]]  # last of heart, first of attack
    assert align([row], [(0, 5, 6)]) == [[]]  # the space between them
    assert align([row], [(0, 13, 14)]) == [[3]]  # inside a token


def test_tokens_of_no_width_belong_to_no_mention():
    assert align([[(0, 0), (0, 3), (2, 2), (3, 5), (0, 0)]], [(0, 0, 5)]) == [[1, 3]]


def test_nested_mentions_share_tokens_and_sentences_do_not():
    rows = [[(0, 0), (0, 5), (6, 12), (0, 0)], [(0, 0), (0, 3), (0, 0)]]
    assert align(rows, [(0, 0, 12), (0, 6, 12), (1, 0, 12)]) == [[1, 2], [2], [1]]


def test_brute_force_agrees_on_random_spans():
    def draw(bound, *keys):
        return int(below(bound, *keys))

    rows, mentions = [], []
    for r in range(30):
        cuts = sorted({draw(60, 1, r, i) for i in range(12)})
        rows.append([(0, 0), *zip(cuts[:-1:2], cuts[1::2], strict=True), (0, 0)])
        for m in range(3):
            start = draw(50, 2, r, m)
            mentions.append((r, start, start + 1 + draw(15, 3, r, m)))
    expected = [
        [
            at
            for at, (first, last) in enumerate(rows[r])
            if set(range(first, last)) & set(range(start, end))
        ]
        for r, start, end in mentions
    ]
    assert sum(map(len, expected)) > 50
    assert align(rows, mentions) == expected


def test_offsets_count_code_points_beyond_the_bmp_and_with_accents(toy_lm, to_words):
    # U+1F600 and U+1D4B3 are one code point each, but two in UTF-16 and four bytes in UTF-8;
    # the accent is a combining mark, which the tokeniser strips
    text = "\U0001f600 nai\u0308ve \U0001d4b3-heart flulike."
    encoded = Tokeniser(load_tokenizer(toy_lm), 32).encode([text])
    tokens = to_words(encoded.input_ids.tolist())
    spans = list(zip(encoded.start.tolist(), encoded.end.tolist(), strict=True))
    assert list(zip(tokens, spans, strict=True)) == [
        ("[CLS]", (0, 0)),
        ("[UNK]", (0, 1)),
        ("naive", (2, 8)),
        ("[UNK]", (9, 10)),
        ("-", (10, 11)),
        ("heart", (11, 16)),
        ("flu", (17, 20)),
        ("##like", (20, 24)),
        (".", (24, 25)),
        ("[SEP]", (0, 0)),
    ]
    start = text.index("flu")
    assert align([spans], [(0, start, start + 3), (0, 2, 8), (0, 9, 16)]) == [[6], [2], [3, 4, 5]]
