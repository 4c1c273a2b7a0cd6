"""Which names stand in the dictionary, and how text finds them; worked by hand."""

import pytest

from bali.linking.dictionary import Dictionary
from bali.linking.matcher import Matcher
from bali.linking.stream import plain_stream
from bali.linking.variants import STEPS, Variants
from bali.linking.words import words_of
from bali.text import normalise


def dictionary_of(names, heldout=(), steps=STEPS, min_characters=1, max_words=9, type_ranks=None):
    variants = Variants(steps, {})
    return variants, Dictionary(
        names, heldout, variants,
        min_characters=min_characters, max_words=max_words, type_ranks=type_ranks,
    )  # fmt: skip


def find(text, names, heldout=(), sentences=None, steps=STEPS, **settings):
    """Slices found from left to right with their CUIs, and how many would cross a sentence end."""
    variants, dictionary = dictionary_of(names, heldout, steps, **settings)
    words = words_of(text, sentences or [(0, len(text))])
    stream = plain_stream(text, words, variants.keys(text, words))
    matcher = Matcher(dictionary, any_order="order" in steps)
    found, crossing, first = [], 0, 0
    while first < len(words):
        match, crosses = matcher.longest(stream, first)
        crossing += crosses
        if match:
            slice_ = text[words[match.first].start : words[match.last - 1].end]
            found.append((slice_, match.cuis, match.exact))
        first = match.last if match else first + 1
    return found, crossing


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
    _, dictionary = dictionary_of(names, min_characters=3, max_words=2)
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
