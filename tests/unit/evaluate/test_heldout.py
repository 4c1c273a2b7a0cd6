"""The step `bali evaluate heldout` on four concepts, with vectors chosen by hand."""

import hashlib
import json
import sys
import types

import numpy as np
import pytest

from bali.__main__ import main
from bali.evaluate import heldout as step
from bali.storage import from_columns, write_table

# Two dimensions; cosine with the query is read off the angle.
VECTORS = {
    "fever": (1, 0),
    "high temperature": (2, 0),  # as near to "pyrexia" as "fever": length does not count
    "cough": (0, 1),
    "tussis": (1, 1),
    "rash": (-1, 0),
    "pyrexia": (1, 0),
    "coughing": (0, 3),
    "exanthema": (0, 1),
}


@pytest.fixture
def inputs(tmp_path):
    names = [
        ("C0000001", "fever"),
        ("C0000002", "cough"),
        ("C0000002", "tussis"),
        ("C0000003", "rash"),
        ("C0000004", "high temperature"),
    ]
    write_table(
        "names",
        from_columns(
            "names",
            {
                "cui": [cui for cui, _ in names],
                "name": [name for _, name in names],
                "sab": ["T"] * 5,
                "tty": ["PT"] * 5,
                "preferred": [True] * 5,
            },
        ),
        tmp_path / "names.parquet",
    )
    write_heldout(
        tmp_path,
        [
            ("C0000001", "pyrexia", "test"),
            ("C0000002", "coughing", "dev"),
            ("C0000003", "exanthema", "test"),
        ],
    )
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    return tmp_path


def write_heldout(folder, rows):
    cui, name, split = (list(column) for column in zip(*rows, strict=True))
    table = from_columns("heldout", {"cui": cui, "name": name, "split": split})
    write_table("heldout", table, folder / "heldout.parquet")


def call(folder, *flags, out="out.json"):
    tables = f"--heldout {folder}/heldout.parquet --names {folder}/names.parquet"
    settings = f"--run r --seed 1 --task-seed 2 --bootstrap 50 --out {folder}/{out}"
    return main(["evaluate", "heldout", *tables.split(), *settings.split(), *flags])


@pytest.fixture
def fake_encoder(monkeypatch):
    encoded = []

    class TextEncoder:
        @classmethod
        def load(cls, folder, pooling, device="cpu", precision="fp32"):
            return cls()

        def encode(self, texts, batch_size, max_tokens):
            encoded.extend(texts)
            return np.array([VECTORS[text] for text in texts], dtype=np.float32)

    module = types.SimpleNamespace(TextEncoder=TextEncoder)
    monkeypatch.setitem(sys.modules, "bali.model.encoder", module)
    return encoded


def test_model_earns_the_credit_worked_by_hand(inputs, fake_encoder):
    assert call(inputs, "--model", str(inputs)) == 0
    result = json.loads((inputs / "out.json").read_text())
    # pyrexia ties with C0000004: 1/2. exanthema's concept is last of four: 0 at 1, 1 at 5.
    assert result["credit"]["test"] == {
        "cui": ["C0000001", "C0000003"],
        "@1": [0.5, 0.0],
        "@5": [1.0, 1.0],
    }
    assert result["credit"]["dev"] == {"cui": ["C0000002"], "@1": [1.0], "@5": [1.0]}
    assert result["splits"]["test"]["acc@1"] == 0.25
    assert result["splits"]["test"]["interval@1"] == [0.0, 0.5]
    assert result["dictionary"] == {"names": 5, "concepts": 4}
    assert result["model"]["sha256"] == hashlib.sha256(b"weights").hexdigest()


def test_each_distinct_string_is_encoded_once(inputs, fake_encoder):
    call(inputs, "--model", str(inputs))
    assert sorted(fake_encoder) == sorted(VECTORS)


def test_chunks_of_queries_change_no_byte(inputs, fake_encoder, monkeypatch):
    call(inputs, "--model", str(inputs), out="whole.json")
    monkeypatch.setattr(step, "SCORES_HELD", 1)
    call(inputs, "--model", str(inputs), out="chunks.json")
    assert (inputs / "whole.json").read_bytes() == (inputs / "chunks.json").read_bytes()


def test_exact_match_is_at_chance_where_no_string_is_equal(inputs):
    assert call(inputs, "--exact") == 0
    result = json.loads((inputs / "out.json").read_text())
    assert result["credit"]["test"]["@1"] == [1 / 4, 1 / 4]
    assert result["model"] is None


def test_exact_match_goes_by_normal_form(inputs):
    write_heldout(inputs, [("C0000001", "FEVER!", "test"), ("C0000002", "Rash", "dev")])
    call(inputs, "--exact")
    credit = json.loads((inputs / "out.json").read_text())["credit"]
    assert credit["test"]["@1"] == [1.0]
    assert credit["dev"]["@1"] == [0.0]  # another concept's name


def test_a_concept_without_names_is_named(inputs, capsys):
    write_heldout(inputs, [("C0000009", "x", "test")])
    assert call(inputs, "--exact") == 2
    line = capsys.readouterr().err.splitlines()[0]
    assert line.startswith("bali: error: ")
    assert "C0000009 first, have no name in" in line


def test_a_split_without_questions_is_named(inputs, capsys):
    write_heldout(inputs, [("C0000001", "x", "test")])
    assert call(inputs, "--exact") == 2
    assert "no name of the split dev" in capsys.readouterr().err
    assert not (inputs / "out.json").exists()


def test_vectors_that_are_not_finite_name_the_model(inputs, fake_encoder, capsys, monkeypatch):
    monkeypatch.setitem(VECTORS, "fever", (float("nan"), 0))
    assert call(inputs, "--model", str(inputs)) == 2
    assert "vectors are not finite" in capsys.readouterr().err
