"""Loading a model's tokeniser, and what the token limit leaves."""

import shutil

import pytest

from bali.errors import InputError
from bali.pairs.tokeniser import encode, load_tokeniser


def test_texts_within_the_limit_are_whole(toy_lm, to_words):
    encoded = encode(load_tokeniser(toy_lm), ["heart attack", "", "flu"], 4)
    assert encoded.offsets.tolist() == [0, 4, 6, 9]
    assert to_words(encoded.input_ids.tolist()) == (
        "[CLS] heart attack [SEP] [CLS] [SEP] [CLS] flu [SEP]".split()
    )
    assert encoded.cut.tolist() == [False, False, False]


def test_a_cut_text_still_ends_in_sep(toy_lm, to_words):
    encoded = encode(load_tokeniser(toy_lm), ["the heart attack of the flu"], 5)
    assert to_words(encoded.input_ids.tolist()) == "[CLS] the heart attack [SEP]".split()
    assert encoded.cut.tolist() == [True]


def test_a_folder_without_tokeniser_is_named(tmp_path):
    # transformers 5 makes up a tokeniser of five special tokens for such a folder
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(InputError, match=f"{tmp_path}: holds no tokeniser; .*tokenizer.json"):
        load_tokeniser(tmp_path)


def test_a_broken_tokeniser_is_named(tmp_path, toy_lm):
    shutil.copytree(toy_lm, tmp_path / "lm")
    (tmp_path / "lm/tokenizer.json").write_text("{")
    with pytest.raises(InputError, match=f"{tmp_path}/lm: holds no tokeniser that loads"):
        load_tokeniser(tmp_path / "lm")


def test_a_tokeniser_without_offsets_is_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "canine"}')
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "CanineTokenizer"}')
    with pytest.raises(InputError, match=f"{tmp_path}: its tokeniser is no fast one"):
        load_tokeniser(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent: no such folder; .* model_fetch"):
        load_tokeniser(tmp_path / "absent")
