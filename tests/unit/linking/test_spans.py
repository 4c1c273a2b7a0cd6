"""Which spans are looked up, and which of them are taken."""

import numpy as np
import pytest

from bali.linking.block import cut
from bali.linking.dictionary import index_names
from bali.linking.documents import Document
from bali.linking.spans import candidate_spans, choose, says_enough
from bali.linking.stream import plain_stream
from bali.linking.variants import Variants
from bali.linking.vocabulary import Vocabulary


def spans(text, taken=(), max_words=3, sentences=None):
    block = cut([Document(1, 1, text, sentences or [(0, len(text))])])
    variants = Variants((), {})
    dictionary, _ = index_names((["C1"], ["x"], [True]), [], variants,
                                min_characters=1, max_words=1)  # fmt: skip
    vocabulary = Vocabulary(dictionary, variants)
    stream = plain_stream(block, vocabulary.number(block.surfaces), vocabulary)
    barred = np.array([surface.lower() in taken for surface in block.surfaces], bool)
    found = candidate_spans(stream.inside, barred, max_words)
    return [text[block.starts[a] : block.ends[b - 1]] for a, b in found]


def test_every_run_of_words_up_to_the_limit():
    assert spans("large red cell mass") == [
        "large red", "large red cell", "red cell", "red cell mass", "cell mass",
    ]  # fmt: skip
    assert spans("mass") == []


def test_barred_words_punctuation_and_sentence_ends_part_chunks():
    text = "big cysts of red liver, left spleen KNOWN heart beat lung lobe"
    ends = text.index(" lung")
    found = spans(text, taken={"known", "of"}, sentences=[(0, ends), (ends + 1, len(text))])
    assert found == ["big cysts", "red liver", "left spleen", "heart beat", "lung lobe"]
    assert spans("", max_words=6) == spans("of of of", taken={"of"}) == []


def test_hyphens_and_apostrophes_join_words_two_spaces_do_not():
    assert spans("X-linked", max_words=2) == ["X-linked"]
    assert "Crohn's sign" in spans("Crohn's sign")
    assert spans("heart  lung") == []


@pytest.mark.parametrize(
    ("text", "enough"), [("b 12", True), ("a b", False), ("12 34", False), ("\u03b2 12", True)]
)
def test_short_spans_and_bare_numbers_are_left_out(text, enough):
    assert says_enough(text, 4) is enough


def test_the_best_score_wins_then_the_longest_then_the_first():
    scores = {(0, 1): 0.8, (0, 2): 0.9, (1, 3): 0.9, (1, 2): 0.95, (3, 4): 0.8, (3, 5): 0.8}
    assert choose(list(scores), scores.__getitem__) == [(0, 1), (1, 2), (3, 5)]
    # equal score and length: the first
    assert choose([(1, 3), (0, 2)], lambda span: 0.9) == [(0, 2)]
