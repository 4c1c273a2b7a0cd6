"""Spans of sentences by the edges of names: against a search by strings."""

from pathlib import Path

import pytest
from random_lms import ARCHITECTURES, write_random_lm
from transformers import PreTrainedTokenizerFast

from bali.model.tokenizer import load_tokenizer
from bali.train.columns import Lists
from bali.train.spans import EDGE, Vocabulary, find_spans, words_of

NAMES = [
    "kidney failure",
    "acute kidney injury",
    "failure of the kidney",
    "of note",
    *(f"{word} of the heart" for word in "tumour cyst pain swelling ache wound murmur".split()),
    *(f"{word} of the lung" for word in "tumour cyst pain swelling ache wound collapse".split()),
    *(f"scar of the {word}" for word in "skin hand foot arm leg eye ear nose lip knee hip".split()),
    *(f"burn of the {word}" for word in "skin hand foot arm leg eye ear nose lip knee hip".split()),
]
SENTENCES = [
    "Acute kidney failure, of the heart (kidney injury) was seen of note",
    "no renal injury; acute heart pain of the kidney-failure kind",
    "kidney failure",
]
TEXTS = [*NAMES, *SENTENCES]


def words_in(text: str) -> list[str]:
    """Words and marks, in small letters."""
    for mark in ",;()-":
        text = text.replace(mark, f" {mark} ")
    return text.lower().split()


def by_strings(sentences: list[str], names: list[str], most: int) -> tuple[set[str], set[str]]:
    """Spans and names in sentences that are split into words and marks."""
    words = words_in
    places = [(word, at, len(name)) for name in map(words, names) for at, word in enumerate(name)]

    def edge(word: str, last: bool) -> bool:
        of = [at == (length - 1 if last else 0) for w, at, length in places if w == word]
        return bool(of) and sum(of) / len(of) >= EDGE

    found = set()
    for sentence in map(words, sentences):
        for start in range(len(sentence)):
            for end in range(start + 1, min(start + most, len(sentence)) + 1):
                run = sentence[start:end]
                parted = any(word in ",;()" for word in run)
                if not parted and edge(run[0], False) and edge(run[-1], True):
                    found.add(" ".join(run))
    known = {" ".join(words(name)) for name in names}
    return found - known, found & known


def ragged(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> Lists:
    return Lists.of([tokenizer(text)["input_ids"] for text in texts])


@pytest.mark.parametrize("family", ARCHITECTURES)
@pytest.mark.parametrize("most", [1, 3, 5])
def test_spans_are_those_of_a_search_by_strings(tmp_path: Path, most: int, family: str) -> None:
    write_random_lm(tmp_path / "lm", family, TEXTS)
    tokenizer = load_tokenizer(tmp_path / "lm")
    vocabulary = Vocabulary(tokenizer)
    spans, equal = find_spans(
        ragged(tokenizer, SENTENCES), ragged(tokenizer, NAMES), vocabulary, most
    )
    found = [" ".join(words_in(text)) for text in tokenizer.batch_decode(spans.ids.tolist())]
    expected, known = by_strings(SENTENCES, NAMES, most)
    assert sorted(found) == sorted(expected)
    assert len(set(spans.hash.tolist())) == len(found)
    assert equal == len(known)
    if most == 5:
        assert {"acute kidney failure", "kidney injury"} <= expected
        assert known == {"kidney failure"}
        # "of" ends no name and seldom begins one; no span reaches over a comma or a bracket
        assert not any(span.startswith("of") or span.endswith("of") for span in found)


@pytest.mark.parametrize("family", ARCHITECTURES)
def test_words_of_every_family_of_tokenisers(tmp_path: Path, family: str) -> None:
    write_random_lm(tmp_path / "lm", family, TEXTS)
    tokenizer = load_tokenizer(tmp_path / "lm")
    ids = ragged(tokenizer, ["acute renal injury, of note"])
    words = words_of(ids, Vocabulary(tokenizer))
    texts = [
        tokenizer.decode(ids.values[first:end]).strip().lower()
        for first, end, text in zip(words.first, words.end, words.text, strict=True)
        if text == 0
    ]
    assert texts == ["acute", "renal", "injury", "of", "note"]
