"""The step `bali evaluate heldout` on four concepts, with vectors chosen by hand."""

import json
import sys
import types

import numpy as np
import pytest

from bali.__main__ import main
from bali.evaluate import search
from bali.evaluate.vectors import model_digest
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
    settings = f"--run r --seed 1 --task h --task-seed 2 --bootstrap 50 --out {folder}/{out}"
    return main(["evaluate", "heldout", *tables.split(), *settings.split(), *flags])


@pytest.fixture
def fake_encoder(monkeypatch):
    encoded = []

    class TextEncoder:
        @classmethod
        def load(cls, folder, pooling, device="cpu", precision="fp32"):
            return cls()

        dim = 2

        def encode(self, texts, batch_size, max_tokens):
            encoded.extend(texts)
            return np.array([VECTORS[text] for text in texts], dtype=np.float32)

    module = types.SimpleNamespace(TextEncoder=TextEncoder)
    monkeypatch.setitem(sys.modules, "bali.model.encoder", module)
    return encoded


def test_model_earns_the_credit_worked_by_hand(inputs, fake_encoder):
    assert call(inputs, "--model", str(inputs)) == 0
    result = json.loads((inputs / "out.json").read_text())
    # pyrexia ties with C0000004: 1/2. exanthema's concept is not the first: 0 at 1, 1 at 5.
    assert result["items"]["unit"] == ["C0000001", "C0000002", "C0000003"]
    assert result["items"]["sets"] == {"dev": [1], "test": [0, 2]}
    assert result["items"]["scores"]["acc@1"] == [0.5, 1.0, 0.0]
    assert result["items"]["scores"]["acc@5"] == [1.0, 1.0, 1.0]
    # rash shares the second to fourth place with fever and high temperature
    last = (1 / 2 + 1 / 3 + 1 / 4) / 3
    assert result["items"]["scores"]["mrr"] == pytest.approx([(1 + 1 / 2) / 2, 1, last])
    assert result["sets"]["test"]["acc@1"] == [0.25, 0.0, 0.5]
    assert result["sets"]["test"]["questions"] == 2
    assert result["facts"] == {"names": 5, "concepts": 4}
    assert result["model"]["model"] == model_digest(inputs)


def test_vectors_on_disk_give_the_same_result(inputs, fake_encoder):
    model = f"--model {inputs}".split()
    names = f"--names {inputs}/names.parquet --out {inputs}/v.npy".split()
    assert main(["evaluate", "names", *names, *model]) == 0
    assert sorted(fake_encoder) == ["cough", "fever", "high temperature", "rash", "tussis"]
    fake_encoder.clear()
    assert call(inputs, *model, "--vectors", f"{inputs}/v.npy", out="disk.json") == 0
    assert sorted(fake_encoder) == ["coughing", "exanthema", "pyrexia"]
    assert call(inputs, *model, out="memory.json") == 0
    assert (inputs / "disk.json").read_bytes() == (inputs / "memory.json").read_bytes()


def test_vectors_of_another_model_are_refused(inputs, fake_encoder, capsys):
    model = f"--model {inputs}".split()
    names = f"--names {inputs}/names.parquet --out {inputs}/v.npy".split()
    assert main(["evaluate", "names", *names, *model]) == 0
    (inputs / "model.safetensors").write_bytes(b"other weights")
    assert call(inputs, *model, "--vectors", f"{inputs}/v.npy") == 2
    assert "v.npy: vectors of another model; remove it" in capsys.readouterr().err


def test_each_distinct_string_is_encoded_once(inputs, fake_encoder):
    call(inputs, "--model", str(inputs))
    assert sorted(fake_encoder) == sorted(VECTORS)


def test_chunks_of_queries_change_no_byte(inputs, fake_encoder, monkeypatch):
    call(inputs, "--model", str(inputs), out="whole.json")
    for bound in ("STRINGS", "BEST_HELD", "COMPARED"):
        monkeypatch.setattr(search, bound, 1)
    call(inputs, "--model", str(inputs), out="chunks.json")
    assert (inputs / "whole.json").read_bytes() == (inputs / "chunks.json").read_bytes()


def test_exact_match_is_at_chance_where_no_string_is_equal(inputs):
    assert call(inputs, "--exact") == 0
    result = json.loads((inputs / "out.json").read_text())
    assert result["items"]["scores"]["acc@1"] == [1 / 4, 1 / 4, 1 / 4]
    assert result["items"]["scores"]["mrr"] == pytest.approx([25 / 48] * 3)  # mean of 1/1 .. 1/4
    assert result["model"] is None


def test_exact_match_goes_by_normal_form(inputs):
    write_heldout(inputs, [("C0000001", "FEVER!", "test"), ("C0000002", "Rash", "dev")])
    call(inputs, "--exact")
    items = json.loads((inputs / "out.json").read_text())["items"]
    assert items["scores"]["acc@1"] == [1.0, 0.0]  # the second is another concept's name


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
