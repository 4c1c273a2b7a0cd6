"""What the token limit leaves of a text."""

from bali.model.tokenizer import load_tokenizer
from bali.pairs.tokeniser import encode


def test_texts_within_the_limit_are_whole(toy_lm, to_words):
    encoded = encode(load_tokenizer(toy_lm), ["heart attack", "", "flu"], 4)
    assert encoded.offsets.tolist() == [0, 4, 6, 9]
    assert to_words(encoded.input_ids.tolist()) == (
        "[CLS] heart attack [SEP] [CLS] [SEP] [CLS] flu [SEP]".split()
    )
    assert encoded.cut.tolist() == [False, False, False]


def test_a_cut_text_still_ends_in_sep(toy_lm, to_words):
    encoded = encode(load_tokenizer(toy_lm), ["the heart attack of the flu"], 5)
    assert to_words(encoded.input_ids.tolist()) == "[CLS] the heart attack [SEP]".split()
    assert encoded.cut.tolist() == [True]
