"""Exact matching, worked by hand."""

import pytest

from bali.linking.dictionary import Dictionary
from bali.linking.words import words_of
from bali.text import normalise


def find(text, names, heldout=(), sentences=None, min_characters=1, max_words=9):
    """Matched slices with their CUIs, and the number of matches across a sentence end."""
    dictionary = Dictionary(names, heldout, min_characters, max_words)
    words = words_of(text, sentences or [(0, len(text))])
    matches, crossing = dictionary.find(words)
    return [(text[words[a].start : words[b - 1].end], cuis) for a, b, cuis in matches], crossing


def test_the_longest_name_wins_from_left_to_right():
    names = [("C1", "a", True), ("C2", "a b", True), ("C3", "b c d", True), ("C4", "d", True)]
    # "a b" is longer than "a"; "b c d" is then cut off, so "c" is none and "d" stands alone
    assert find("a b c d", names)[0] == [("a b", ("C2",)), ("d", ("C4",))]


def test_a_name_that_only_begins_like_the_text_is_no_match():
    names = [("C1", "a b c", True), ("C2", "a", True)]
    assert find("a b d", names)[0] == [("a", ("C2",))]


def test_case_and_punctuation_do_not_matter_but_word_boundaries_do():
    names = [("C1", "Down's  syndrome", True), ("C2", "tic", True)]
    assert find("DOWN S-SYNDROME, arthritic tics", names)[0] == [("DOWN S-SYNDROME", ("C1",))]


def test_concepts_of_one_name_are_ranked_by_preference_then_by_cui():
    names = [("C1", "cold", False), ("C3", "Cold", True), ("C2", "cold", True)]
    assert find("a cold", names)[0] == [("cold", ("C2", "C3", "C1"))]


def test_a_name_stays_inside_its_sentence_and_what_crosses_is_counted():
    text = "kidney. Disease of kidney"
    names = [("C1", "kidney disease", True), ("C2", "kidney", True)]
    found, crossing = find(text, names, sentences=[(0, 7), (8, 25)])
    assert found == [("kidney", ("C2",)), ("kidney", ("C2",))]
    assert crossing == 1


def test_a_heldout_name_hides_the_names_inside_it():
    names = [("C1", "failure", True), ("C2", "acute renal failure", True)]
    heldout = ["Renal  Failure"]
    assert find("renal failure", names, heldout)[0] == [("renal failure", ())]
    # but a longer name that contains it is a name of its own
    assert find("acute renal failure", names, heldout)[0] == [("acute renal failure", ("C2",))]


def test_names_that_are_not_looked_for_are_counted_by_reason():
    names = [("C1", "ab", True), ("C2", "abc", True), ("C3", "a b c", True), ("C4", "?!", True)]
    dictionary = Dictionary(names, [], min_characters=3, max_words=2)
    assert set(dictionary.forms) == {"abc"}
    assert dictionary.names == {
        "read": 4,
        "looked for": 1,
        "no letter and no digit": 1,
        "too short": 1,
        "too many words": 1,
    }


@pytest.mark.parametrize("text", ["\U0001d6fd-globin x", "İstanbul ﬁbrosis", "x\u2019s 3.5mg", ""])
def test_words_joined_are_the_normal_form_of_the_text(text):
    words = words_of(text, [(0, len(text))])
    assert " ".join(word.form for word in words) == normalise(text)
    assert all(normalise(text[word.start : word.end]) == word.form for word in words)
