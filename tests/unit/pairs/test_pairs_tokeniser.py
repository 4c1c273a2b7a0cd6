"""What the token limit leaves of a text."""

from bali.model.tokenizer import load_tokenizer
from bali.pairs.tokeniser import Tokeniser


def test_texts_within_the_limit_are_whole(toy_lm, to_words):
    encoded = Tokeniser(load_tokenizer(toy_lm), 4).encode(["heart attack", "", "flu"])
    assert encoded.offsets.tolist() == [0, 4, 6, 9]
    assert to_words(encoded.input_ids.tolist()) == (
        "[CLS] heart attack [SEP] [CLS] [SEP] [CLS] flu [SEP]".split()
    )
    assert encoded.cut.tolist() == [False, False, False]


def test_a_cut_text_still_ends_in_sep(toy_lm, to_words):
    encoded = Tokeniser(load_tokenizer(toy_lm), 5).encode(["the heart attack of the flu"])
    assert to_words(encoded.input_ids.tolist()) == "[CLS] the heart attack [SEP]".split()
    assert encoded.cut.tolist() == [True]
