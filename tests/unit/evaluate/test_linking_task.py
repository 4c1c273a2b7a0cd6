"""`bali evaluate linking` from files to figures, with a random language model and the baselines."""

import json

import numpy as np
import pytest
import torch

from bali.__main__ import main
from bali.evaluate.context import encode_mentions, window
from bali.model.encoder import TextEncoder
from bali.storage import from_columns, write_table
from support import write_random_bert

NAMES = [
    ("C0000001", "fever"),
    ("C0000001", "pyrexia"),
    ("C0000002", "cough"),
    ("C0000003", "skin rash"),
    ("C0000004", "myotonic dystrophy"),
]
GOLD = """1|t|Fever and tussis in myotonic dystrophy (DM).
1|a|DM is rare. A skin rashes case.
1\t0\t5\tFever\tDisease\tMESH:D1
1\t10\t16\ttussis\tDisease\tMESH:D2
1\t40\t42\tDM\tDisease\tMESH:D4
1\t45\t47\tDM\tDisease\tMESH:D4
1\t59\t70\tskin rashes\tDisease\tMESH:D3|MESH:D8

"""


def write_inputs(folder, rename=lambda cui: cui):
    rows = sorted((rename(cui), name) for cui, name in NAMES)
    columns = {
        "cui": [cui for cui, _ in rows],
        "name": [name for _, name in rows],
        "sab": ["T"] * len(rows),
        "tty": ["PT"] * len(rows),
        "preferred": [False] * len(rows),
    }
    write_table("names", from_columns("names", columns), folder / "names.parquet")
    (folder / "gold.txt").write_text(GOLD)
    lines = "".join(f"D{i}\t{rename(f'C000000{i}')}\n" for i in (1, 2, 3, 4))
    (folder / "map.tsv").write_text("mesh_id\tcuis\n" + lines)
    return folder


@pytest.fixture(scope="module")
def lm(tmp_path_factory):
    texts = [*(name for _, name in NAMES), *GOLD.split()]
    return write_random_bert(tmp_path_factory.mktemp("lm"), texts)


def evaluate(folder, *flags, out="out.json"):
    words = f"--gold {folder}/gold.txt --layout pubtator --identifiers {folder}/map.tsv"
    words += f" --names {folder}/names.parquet --run r --seed 0 --task t --task-seed 29"
    words += f" --bootstrap 50 --out {folder}/{out}"
    status = main(["evaluate", "linking", *words.split(), *flags])
    return json.loads((folder / out).read_text()) if status == 0 else status


def test_exact_match_by_hand(tmp_path):
    result = evaluate(write_inputs(tmp_path), "--exact")
    # fever is a name; of the rest all four concepts tie, so that each place is equally likely
    assert result["items"]["scores"]["acc@1"] == [1.0, 0.25, 0.25, 0.25, 0.25]
    assert result["items"]["sets"]["refined"] == [1, 4]
    assert result["items"]["sets"]["composite"] == [4]
    assert result["counts"] == {"read": 5, "kept": 5, "dropped": {}}
    assert result["sets"]["refined"]["questions"] == 2
    assert set(result["data"]) == {
        f"{tmp_path}/{n}" for n in ("names.parquet", "gold.txt", "map.tsv")
    }


def test_long_forms_are_found_by_exact_match(tmp_path):
    result = evaluate(write_inputs(tmp_path), "--exact", "--expand-abbreviations")
    assert result["items"]["scores"]["acc@1"] == [1.0, 0.25, 1.0, 1.0, 0.25]
    assert result["facts"]["spelt out"] == 2


def test_tfidf_finds_an_inflected_name(tmp_path):
    result = evaluate(write_inputs(tmp_path), "--tfidf")
    assert result["items"]["scores"]["acc@1"][0] == 1.0
    assert result["items"]["scores"]["acc@1"][4] == 1.0


def test_relabelled_concepts_change_nothing(tmp_path, lm):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = evaluate(write_inputs(tmp_path / "a"), "--model", str(lm))
    other = evaluate(
        write_inputs(tmp_path / "b", lambda cui: f"C{9_999_999 - int(cui[1:])}"), "--model", str(lm)
    )
    assert one["items"] == other["items"]
    assert one["sets"] == other["sets"]


def test_a_dictionary_of_its_own_needs_no_map(tmp_path):
    write_inputs(tmp_path)
    (tmp_path / "dictionary.txt").write_text("MESH:D1||fever\nMESH:D2||tussis\nMESH:D8||rash\n")
    result = evaluate(tmp_path, "--exact", "--dictionary", f"{tmp_path}/dictionary.txt")
    assert result["items"]["scores"]["acc@1"] == pytest.approx([1.0, 1.0, 1 / 3])
    assert result["counts"]["dropped"] == {"concept not in the dictionary": 2}


def test_no_question_is_one_line(tmp_path, capsys):
    write_inputs(tmp_path)
    assert evaluate(tmp_path, "--exact", "--types", "Chemical") == 2
    line = capsys.readouterr().err
    assert "no question is left" in line and "'type': 5" in line


def test_context_needs_a_language_model(tmp_path, capsys):
    assert evaluate(write_inputs(tmp_path), "--exact", "--context") == 2
    assert "only a language model reads sentences" in capsys.readouterr().err


def test_a_mention_in_context_is_the_mean_of_its_tokens(lm):
    encoder = TextEncoder.load(lm, "mean")
    spans = [("cough and skin rash case", 10, 19), ("fever", 0, 5)]
    found = encode_mentions(encoder, spans, batch_size=8, max_tokens=32)
    for (sentence, start, end), vector in zip(spans, found, strict=True):
        coded = encoder.tokenizer(sentence, return_offsets_mapping=True, return_tensors="pt")
        offsets = coded.pop("offset_mapping")[0].tolist()
        with torch.inference_mode():
            hidden = encoder.lm(**coded).last_hidden_state[0]
        inside = [i for i, (s, e) in enumerate(offsets) if s < end and e > start and s != e]
        np.testing.assert_allclose(vector, hidden[inside].mean(0).numpy(), atol=1e-6)


def test_of_a_long_sentence_the_window_holds_the_mention(lm):
    encoder = TextEncoder.load(lm, "mean")
    sentence = "cough " * 40 + "fever " + "cough " * 40
    ids, positions = window(encoder, (sentence, 240, 245), max_tokens=16)
    assert len(ids) == 16
    fever = encoder.tokenizer.convert_tokens_to_ids("fever")
    assert [ids[p] for p in positions] == [fever]
    assert (ids[0], ids[-1]) == (encoder.tokenizer.cls_token_id, encoder.tokenizer.sep_token_id)


def test_context_and_vectors_go_together(tmp_path, lm):
    write_inputs(tmp_path)
    result = evaluate(tmp_path, "--model", str(lm), "--context")
    assert result["settings"]["context"] is True
    assert len(result["items"]["unit"]) == 5
