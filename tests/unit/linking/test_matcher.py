"""The matcher over arrays beside one that looks at every run of words of every document."""

import random
from itertools import pairwise

import pytest

from bali.linking.block import JOINTS, cut
from bali.linking.dictionary import index_names
from bali.linking.documents import Document
from bali.linking.matcher import Matcher
from bali.linking.stream import plain_stream
from bali.linking.variants import Variants
from bali.linking.vocabulary import Vocabulary
from bali.linking.words import words_of
from bali.text import normalise

WORDS = ["ab", "Cd", "efs", "ef", "of", "gh", "\U0001d6fd"]
GAPS = [" ", " ", " ", "-", ", ", "  ", " ("]


def document(draw: random.Random, number: int) -> Document:
    """Words in one to three sentences; some sentences are cut out."""
    text, sentences = "", []
    for _ in range(draw.randint(1, 3)):
        begin = len(text)
        for _ in range(draw.randint(1, 9)):
            text += draw.choice(WORDS) + draw.choice(GAPS)
        if draw.random() < 0.9:
            sentences.append((begin, len(text)))
    return Document(number, 1, text, sentences)


def by_looking_at_all(doc: Document, forms: set[str], keys: set[str], variants: Variants):
    """Word -> (word after the last, exact) of the longest name there; words of crossing names."""
    words = words_of(doc.text, doc.sentences)
    parts = variants.keys(doc.text, words)
    found, crossing = {}, set()
    for first in range(len(words)):
        for last in range(first + 1, len(words) + 1):
            run = words[first:last]
            exact = " ".join(word.form for word in run) in forms
            gaps = [doc.text[a.end : b.start] for a, b in pairwise(run)]
            counted = [key for key in parts[first:last] if key]
            variant = (
                parts[first] and parts[last - 1] and JOINTS.issuperset(gaps)
                and (len(set(counted)) == len(counted) or not variants.any_order)
                and variants.key(counted) in keys
            )  # fmt: skip
            if (exact or variant) and run[0].sentence != run[-1].sentence:
                crossing.add(first)
            elif exact or variant:
                found[first] = last, exact
    return found, crossing


@pytest.mark.parametrize("steps", [(), ("plural",), ("plural", "order")])
def test_both_find_the_same(steps):
    draw = random.Random(29)
    variants = Variants(steps, {})
    matches = crossings = 0
    for _ in range(60):
        names = [" ".join(draw.choices(WORDS, k=draw.randint(1, 5))) for _ in range(12)]
        dictionary, _ = index_names(
            ([f"C{n}" for n in range(12)], names, [True] * 12), [], variants,
            min_characters=1, max_words=5,
        )  # fmt: skip
        forms = {normalise(name) for name in names}
        keys = {variants.key(variants.keys(n, words_of(n, [(0, len(n))]))) for n in names} - {""}
        documents = [document(draw, number) for number in range(8)]
        block = cut(documents)
        vocabulary = Vocabulary(dictionary, variants)
        stream = plain_stream(block, vocabulary.number(block.surfaces), vocabulary)
        found, crossing = Matcher(dictionary, vocabulary).find(stream)
        expected, expected_crossing = {}, set()
        for begin, doc in zip(block.bounds, documents, strict=False):
            alone, across = by_looking_at_all(doc, forms, keys, variants)
            expected |= {begin + n: (begin + last, exact) for n, (last, exact) in alone.items()}
            expected_crossing |= {begin + n for n in across}
        assert {n: (match.last, match.exact) for n, match in found.items()} == expected
        assert crossing == expected_crossing
        matches, crossings = matches + len(found), crossings + len(crossing)
    assert matches > 1_000 and crossings > 20
