"""`bali evaluate nearest`: against a plain matrix product."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from bali.__main__ import main
from bali.evaluate import nearest, vectors
from bali.evaluate.vectors import NameVectors
from bali.model.export import export_sentence_transformer
from bali.storage import from_columns, write_table
from support import write_random_bert


def test_search_in_chunks_is_that_of_the_whole_product(tmp_path, monkeypatch):
    rng = np.random.default_rng(1)
    names = rng.normal(size=(100, 8)).astype(np.float32)
    queries = rng.normal(size=(3, 8)).astype(np.float32)
    np.save(tmp_path / "names.npy", names)
    monkeypatch.setattr(nearest, "CHUNK", 7)
    cosine, number = nearest.search(queries, NameVectors(tmp_path / "names.npy"), k=5)
    product = queries @ names.T
    expected = np.argsort(-product, axis=1)[:, :5]
    assert number.tolist() == expected.tolist()
    np.testing.assert_allclose(cosine, np.take_along_axis(product, expected, 1), rtol=1e-5)


@pytest.fixture
def kb(tmp_path):
    rows = [("C0000001", "fever"), ("C0000001", "pyrexia"), ("C0000002", "cough"),
            ("C0000003", "cough")]  # fmt: skip
    columns = {"cui": [c for c, _ in rows], "name": [n for _, n in rows]}
    columns |= {"sab": ["T"] * 4, "tty": ["PT"] * 4, "preferred": [False] * 4}
    write_table("names", from_columns("names", columns), tmp_path / "names.parquet")
    write_random_bert(tmp_path / "lm", [n for _, n in rows])
    return tmp_path


def test_a_name_finds_all_concepts_that_bear_it(kb, capsys, monkeypatch):
    flags = f"--models {kb}/lm {kb}/lm --names {kb}/names.parquet --cache {kb}/cache --k 3"
    assert main(["evaluate", "nearest", "cough", "fever", *flags.split()]) == 0
    cough, fever, _ = capsys.readouterr().out.split("\n\n")
    lines = cough.splitlines()
    assert lines[0] == "cough"
    assert "1.000 C0000002 cough" in lines[2] and "1.000 C0000003 cough" in lines[3]
    assert "+" not in cough  # two models that are the same find the same
    assert "1.000 C0000001 fever" in fever

    def encode(*_):
        raise AssertionError("the names are in the cache")

    monkeypatch.setattr(vectors, "write_vectors", encode)
    assert main(["evaluate", "nearest", "cough", *flags.split()]) == 0


def test_k_must_be_one_or_more(kb, capsys):
    flags = f"--models {kb}/lm --names {kb}/names.parquet --k 0"
    assert main(["evaluate", "nearest", "x", *flags.split()]) == 2
    assert "--k 0: show one concept or more" in capsys.readouterr().err


@pytest.fixture
def built(kb, monkeypatch):
    """A working directory in which the workflow has run: a base LM, two runs."""
    lm = kb / "lm"
    for at in (1, 2):
        folder = kb / f"results/train/gat/{at}/model"
        shutil.copytree(lm, folder)
        os.utime(folder / "model.safetensors", (at, at))
    shutil.copytree(lm, kb / "resources/lm/tiny")
    (kb / "results/umls").mkdir()
    (kb / "names.parquet").rename(kb / "results/umls/names.parquet")
    monkeypatch.chdir(kb)
    return kb


def test_without_models_it_is_the_base_lm_and_the_newest_run(built, capsys):
    assert main(["evaluate", "nearest", "cough"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("models: resources/lm/tiny and results/train/gat/2/model;")
    assert lines[3].split() == ["resources/lm/tiny", "results/train/gat/2/model"]


def test_of_several_base_lms_the_configs_is_taken(built, capsys):
    shutil.copytree("lm", "resources/lm/other")
    assert main(["evaluate", "nearest", "cough"]) == 2
    line = capsys.readouterr().err
    assert "resources/lm holds other, tiny, and config.yaml names none" in line
    (built / "config.yaml").write_text("lm: {name: other}")
    assert nearest.chosen_models(Path())[0] == Path("resources/lm/other")


def test_what_is_not_built_yet_is_one_line(built, capsys):
    shutil.rmtree("results/train")
    assert main(["evaluate", "nearest", "cough"]) == 0
    assert "no run is trained yet" in capsys.readouterr().out.splitlines()[0]
    shutil.rmtree("resources")
    assert main(["evaluate", "nearest", "cough"]) == 2
    assert "nothing is built: resources/lm holds no language model" in capsys.readouterr().err
    shutil.rmtree("results")
    assert main(["evaluate", "nearest", "cough"]) == 2
    assert "names.parquet: no such file; make it with `snakemake" in capsys.readouterr().err


def test_a_model_pools_as_its_folder_states(built, capsys):
    folder = built / "results/train/gat/2/model"
    export_sentence_transformer(folder, dim=32, name_pooling="cls", max_tokens=32)
    assert main(["evaluate", "nearest", "cough", "--cache", "cache"]) == 0
    recipes = [json.loads(path.read_text()) for path in Path("cache").glob("*.npy.json")]
    # the same weights; what the folders state is all the difference
    assert sorted(recipe["pooling"] for recipe in recipes) == ["cls", "mean"]
