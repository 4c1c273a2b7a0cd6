"""Subgraphs as texts, token by token."""

from pathlib import Path

import numpy as np
import pytest
from random_lms import write_random_lm
from tiny_training import TinyInputs

from bali.errors import InputError
from bali.model.tokenizer import load_tokenizer
from bali.storage import from_columns, write_table
from bali.train.columns import Lists
from bali.train.linear import PHRASE_TOKENS, Writer

CLS, SEP = 1, 2
NAMES = Lists.of([[CLS, 10, SEP], [CLS, 20, 21, SEP], [CLS, 30, 31, 32, SEP]])
PHRASES = Lists.of([[90], [91, 92]])
# a star of two edges around name 1, a concept without edges, and a chain of two hops around name 0
MEMBER = np.array([1, 0, 2, 2, 0, 1, 2])
CENTRE = np.array([0, 3, 4])
EDGES = np.array([[1, 2, 5, 6], [0, 0, 4, 5]])
RELATION = np.array([1, 0, 0, 1])


def write(encoder: str, max_tokens: int = 100) -> list[list[int]]:
    writer = Writer(PHRASES, cls_id=CLS, sep_id=SEP, encoder=encoder, max_tokens=max_tokens)
    return writer.write(NAMES, MEMBER, EDGES, RELATION, CENTRE).tolist()


def test_version_1_names_the_centre_first_and_then_one_statement_an_edge():
    assert write("linear-v1") == [
        [CLS, 20, 21, SEP, 10, 91, 92, 20, 21, SEP, 30, 31, 32, 90, 20, 21, SEP],
        [CLS, 30, 31, 32, SEP],
        [CLS, 10, SEP, 20, 21, 90, 10, SEP, 30, 31, 32, 91, 92, 20, 21, SEP],
    ]


def test_version_2_parts_the_centre_from_what_is_said():
    assert write("linear-v2") == [
        [CLS, 10, 91, 92, SEP, 20, 21, SEP, SEP, 30, 31, 32, 90, SEP, 20, 21, SEP, SEP],
        [CLS, 30, 31, 32, SEP],
        [CLS, 20, 21, 90, SEP, 10, SEP, SEP, 30, 31, 32, 91, 92, SEP, 20, 21, SEP, SEP],
    ]


@pytest.mark.parametrize("encoder", ["linear-v1", "linear-v2"])
def test_a_text_that_is_cut_still_ends_in_sep(encoder: str):
    whole = write(encoder)
    for most in range(2, 20):
        for text, cut in zip(whole, write(encoder, most), strict=True):
            assert cut == (text if len(text) <= most else [*text[: most - 1], SEP])


def test_no_subgraphs_no_texts():
    writer = Writer(PHRASES, cls_id=CLS, sep_id=SEP, encoder="linear-v2", max_tokens=9)
    none = np.empty(0, np.int64)
    assert writer.write(Lists.of([]), none, np.empty((2, 0), np.int64), none, none).tolist() == []


def edge_types(path: Path, phrases: list[str]) -> Path:
    rows = {
        "relation": range(len(phrases)),
        "rel": ["RO"] * len(phrases),
        "rela": [f"r{number}" for number in range(len(phrases))],
        "added": [False] * len(phrases),
        "phrase": phrases,
    }
    write_table("edge_types", from_columns("edge_types", rows), path)
    return path


def test_a_phrase_has_sixteen_tokens_at_most(tiny: TinyInputs, tmp_path: Path):
    path = edge_types(tmp_path / "edge_types.parquet", ["of the arm", " ".join(["arm"] * 20)])
    tokenizer = load_tokenizer(tiny.lm)
    writer = Writer.of(path, tokenizer, encoder="linear-v1", max_tokens=100, relations=2)
    names = Lists.of(tokenizer(["brim", "calor"])["input_ids"])
    edges = np.array([[1, 1], [0, 0]])
    (text,) = writer.write(names, np.array([0, 1]), edges, np.array([0, 1]), np.array([0])).tolist()
    words = " ".join(["arm"] * PHRASE_TOKENS)
    assert tokenizer.decode(text) == (
        f"[CLS] brim [SEP] calor of the arm brim [SEP] calor {words} brim [SEP]"
    )


def test_a_byte_level_tokeniser_reads_words_that_are_parted(tmp_path: Path):
    write_random_lm(tmp_path / "lm", "roberta", ["brim", "is part of", "calor"])
    tokenizer = load_tokenizer(tmp_path / "lm")
    path = edge_types(tmp_path / "edge_types.parquet", ["is part of"])
    writer = Writer.of(path, tokenizer, encoder="linear-v2", max_tokens=100, relations=1)
    names = Lists.of(tokenizer(["brim", "calor"])["input_ids"])
    one = np.array([0])
    (text,) = writer.write(names, np.array([0, 1]), np.array([[1], [0]]), one, one).tolist()
    assert tokenizer.decode(text) == "<s>calor is part of</s>brim</s></s>"


def test_a_tokeniser_without_cls_is_refused(tiny: TinyInputs):
    tokenizer = load_tokenizer(tiny.lm)
    tokenizer.cls_token = None
    with pytest.raises(InputError, match="linear-v2 writes texts with"):
        Writer.of(tiny.edge_types, tokenizer, encoder="linear-v2", max_tokens=9, relations=3)


def test_a_table_of_another_graph_is_refused(tiny: TinyInputs):
    tokenizer = load_tokenizer(tiny.lm)
    with pytest.raises(InputError, match=r"edge_types.parquet: 3 relations, .* subgraphs have 4"):
        Writer.of(tiny.edge_types, tokenizer, encoder="linear-v2", max_tokens=9, relations=4)
