"""Which names stand in the dictionary, and how text finds them; worked by hand."""

import numpy as np
import pytest

from bali.errors import InputError
from bali.linking.block import cut
from bali.linking.dictionary import Dictionary, index_names
from bali.linking.documents import Document
from bali.linking.hashes import ORDERED, hash_word, hash_words
from bali.linking.matcher import Matcher
from bali.linking.stream import plain_stream
from bali.linking.variants import STEPS, Variants
from bali.linking.vocabulary import Vocabulary
from bali.linking.words import words_of
from bali.text import normalise


def dictionary_of(names, heldout=(), steps=STEPS, min_characters=1, max_words=9, type_ranks=None):
    variants = Variants(steps, {})
    dictionary, counts = index_names(
        tuple(zip(*names, strict=True)), heldout, variants,
        min_characters=min_characters, max_words=max_words, type_ranks=type_ranks,
    )  # fmt: skip
    return variants, dictionary, counts


def find(text, names, heldout=(), sentences=None, steps=STEPS, **settings):
    """Slices found from left to right with their CUIs, and how many would cross a sentence end."""
    variants, dictionary, _ = dictionary_of(names, heldout, steps, **settings)
    vocabulary = Vocabulary(dictionary, variants)
    block = cut([Document(1, 1, text, sentences or [(0, len(text))])])
    stream = plain_stream(block, vocabulary.number(block.surfaces), vocabulary)
    matches, crossing = Matcher(dictionary, vocabulary).find(stream)
    found, visited, first = [], 0, 0
    while first < len(block.surfaces):
        visited += first in crossing
        match = matches.get(first)
        if match:
            slice_ = text[block.starts[match.first] : block.ends[match.last - 1]]
            found.append((slice_, match.cuis, match.exact))
        first = match.last if match else first + 1
    return found, visited


def exact(text, names, heldout=(), **settings):
    """As `find`, without variants and whether a match is exact."""
    found, crossing = find(text, names, heldout, steps=(), **settings)
    return [(slice_, cuis) for slice_, cuis, _ in found], crossing


def test_the_longest_name_wins_from_left_to_right():
    names = [("C1", "a", True), ("C2", "a b", True), ("C3", "b c d", True), ("C4", "d", True)]
    # "a b" is longer than "a"; "b c d" is then cut off, so "c" is none and "d" stands alone
    assert exact("a b c d", names)[0] == [("a b", ("C2",)), ("d", ("C4",))]


def test_a_name_that_only_begins_like_the_text_is_no_match():
    names = [("C1", "a b c", True), ("C2", "a", True)]
    assert exact("a b d", names)[0] == [("a", ("C2",))]


def test_case_and_punctuation_do_not_matter_but_word_boundaries_do():
    names = [("C1", "Down's  syndrome", True), ("C2", "tic", True)]
    assert exact("DOWN S-SYNDROME, arthritic tics", names)[0] == [("DOWN S-SYNDROME", ("C1",))]


def test_concepts_of_one_name_are_ranked_by_type_by_preference_then_by_cui():
    names = [
        ("C1", "cold", False),
        ("C3", "Cold", True),
        ("C2", "cold", True),
        ("C4", "cold", True),
    ]
    assert exact("a cold", names)[0] == [("cold", ("C2", "C3", "C4", "C1"))]
    ranks = {"C1": 0, "C2": 1, "C3": 1}
    assert exact("a cold", names, type_ranks=ranks)[0] == [("cold", ("C1", "C2", "C3", "C4"))]


def test_a_name_stays_inside_its_sentence_and_what_crosses_is_counted():
    text = "kidney. Disease of kidney"
    names = [("C1", "kidney disease", True), ("C2", "kidney", True)]
    found, crossing = exact(text, names, sentences=[(0, 7), (8, 25)])
    assert found == [("kidney", ("C2",)), ("kidney", ("C2",))]
    assert crossing == 1


def test_a_heldout_name_hides_the_names_inside_it():
    names = [("C1", "failure", True), ("C2", "acute renal failure", True)]
    heldout = ["Renal  Failure"]
    assert exact("renal failure", names, heldout)[0] == [("renal failure", ())]
    # but a longer name that contains it is a name of its own
    assert exact("acute renal failure", names, heldout)[0] == [("acute renal failure", ("C2",))]


def test_variants_of_a_heldout_name_are_hidden_too_unless_they_are_names():
    names = [("C1", "failure", True), ("C1", "failures, renal", True), ("C2", "renal", True)]
    heldout = ["Renal failure"]
    for variant in ("failure of renal", "renal failures", "Renal-Failures", "failures renal"):
        [(slice_, cuis, is_exact)], _ = find(f"a {variant} b", names, heldout)
        assert slice_ == variant
        assert (cuis, is_exact) == ((("C1",), True) if variant == "failures renal" else ((), False))


def test_a_looser_form_of_a_heldout_name_is_hidden():
    names = [("C1", "Tay-Sachs", False), ("C2", "liver disease", True)]
    assert find("Lesch-Nyhan", names, ["Lesch-Nyhan syndrome"])[0] == [("Lesch-Nyhan", (), False)]
    # a held-out name takes no other name away
    assert find("Tay-Sachs", names, ["Tay-Sachs disease"])[0] == [("Tay-Sachs", ("C1",), True)]
    # and what would be a looser form of another name stays hidden
    assert find("liver injury", names, ["liver injury"])[0] == [("liver injury", (), True)]


def test_exact_names_win_over_variants_of_the_same_length_and_longer_variants_over_names():
    names = [("C1", "breast cancer", True), ("C2", "cancers, breast", True), ("C3", "cancer", True)]
    assert find("breast cancer", names)[0] == [("breast cancer", ("C1",), True)]
    assert find("cancer of the breast", names)[0] == [("cancer of the breast", ("C1", "C2"), False)]


def test_words_of_a_variant_are_parted_by_joints_only_and_stay_in_their_sentence():
    names = [("C1", "breast cancer", True)]
    assert find("cancer, breast", names)[0] == []
    assert find("cancer. Breast", names, sentences=[(0, 7), (8, 14)])[0] == []
    assert find("cancer breast", names)[0] == [("cancer breast", ("C1",), False)]


def test_names_that_are_not_looked_for_are_counted_by_reason():
    names = [("C1", "ab", True), ("C2", "abc", True), ("C3", "a b c", True), ("C4", "?!", True)]
    _, dictionary, counts = dictionary_of(names, min_characters=3, max_words=2)
    assert dictionary.forms.texts.to_pylist() == ["abc"]
    assert counts == {
        "read": 4,
        "looked for": 1,
        "no letter and no digit": 1,
        "too short": 1,
        "too many words": 1,
    }


TEXTS = ["\U0001d6fd-globin x", "\u0130stanbul \ufb01brosis", "x\u2019s 3.5mg", ""]


@pytest.mark.parametrize("text", TEXTS)
def test_words_joined_are_the_normal_form_of_the_text(text):
    words = words_of(text, [(0, len(text))])
    assert " ".join(word.form for word in words) == normalise(text)
    assert all(normalise(text[word.start : word.end]) == word.form for word in words)


def test_a_block_is_cut_into_the_words_of_its_documents():
    texts = [*TEXTS, "ab cd", "\ud800 lone", "\u2164\u00b2 \u0301x _y_", "endstart. \U0001f9ec"]
    # a sentence that ends inside a word, one that begins there, text outside of all sentences
    sentences = [[(0, len(text))] for text in texts[:-1]] + [[(0, 3), (3, 6), (9, 11)]]
    documents = [Document(n, 1, *both) for n, both in enumerate(zip(texts, sentences, strict=True))]
    block = cut(documents)
    found = []
    for number in range(len(documents)):
        words = range(block.bounds[number], block.bounds[number + 1])
        begin, first = block.offsets[number], block.first_sentences[number]
        found.append(
            [
                (block.starts[n] - begin, block.ends[n] - begin, block.sentences[n] - first)
                for n in words
            ]
        )
    by_words = [
        [(word.start, word.end, word.sentence) for word in words_of(d.text, d.sentences)]
        for d in documents
    ]
    assert found == by_words
    assert block.surfaces[-2:] == ["end", "sta"]


def test_a_form_with_a_space_inside_a_word_is_found():
    # lower case of the first letter is an i and a mark, so its normal form has a space in it
    names = [("C1", "x \u0130stanbul fever", True)]
    assert find("X \u0130STANBUL fever", names, steps=())[0] == [
        ("X \u0130STANBUL fever", ("C1",), True)
    ]


def test_text_of_the_same_hash_is_no_name(monkeypatch):
    monkeypatch.setattr("bali.linking.claims.hash_words", lambda words, multiplier: 7)
    monkeypatch.setattr("bali.linking.dictionary.hash_word", lambda word: 7)
    monkeypatch.setattr("bali.linking.vocabulary.hash_word", lambda word: 7)
    monkeypatch.setattr("bali.linking.vocabulary.hash_words", lambda words, multiplier: 7)
    names = [("C1", "cold", True), ("C2", "fever", True), ("C3", "rash", True)]
    assert find("fever and chill cold", names)[0] == [
        ("fever", ("C2",), True), ("cold", ("C1",), True)
    ]  # fmt: skip


def test_a_written_dictionary_gives_the_same_answers(tmp_path):
    names = [("C1", "breast cancer", True), ("C2", "Lesch-Nyhan syndrome", True), ("C3", "a b", 0)]
    _, made, _ = dictionary_of(names, ["flu"])
    made.write(tmp_path)
    opened = Dictionary.open(tmp_path, any_order=True)
    for table, other in ((made.forms, opened.forms), (made.variants, opened.variants)):
        assert other.texts.to_pylist() == table.texts.to_pylist()
        for text, hash_ in zip(table.texts.to_pylist(), table.hashes.hashes, strict=True):
            assert other.get(text, int(hash_)) == table.get(text, int(hash_))
            assert other.get(text + " x", int(hash_)) is None
    assert opened.forms.get("flu", hash_words(["flu"], ORDERED)) == ()
    words = np.array([hash_word(word) for word in ("cancer", "none", "syndrome")], np.uint64)
    assert opened.reach(words).tolist() == made.reach(words).tolist() == [2, 0, 3]
    assert {path.name for path in tmp_path.iterdir()} == {
        "forms.arrow", "variants.arrow", "beginnings.npy", "words.npy", "most.npy",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["forms.arrow", "words.npy"])
def test_a_broken_dictionary_is_the_users_mistake(tmp_path, name):
    dictionary_of([("C1", "cold", True)])[1].write(tmp_path)
    (tmp_path / name).write_bytes(b"no such thing")
    with pytest.raises(
        InputError, match=rf"{name}: no .*snakemake --cores 2 --forcerun linking_names"
    ):
        Dictionary.open(tmp_path, any_order=True)
    (tmp_path / name).unlink()
    with pytest.raises(
        InputError, match=rf"{name}: no such file; .*snakemake --cores 2 --forcerun linking_names"
    ):
        Dictionary.open(tmp_path, any_order=True)
