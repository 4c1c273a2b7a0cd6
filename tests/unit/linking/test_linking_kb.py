"""The knowledge base: files without pickle, the same each time, answers by another road."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from math import log, sqrt

import numpy as np
import pytest

from bali.__main__ import main
from bali.linking import tfidf
from bali.linking.candidates import CandidateMemory
from bali.linking.near import NearNames
from bali.linking.store import Store
from bali.storage import read_table, write_table

SETTINGS = {"neighbours": 10, "ef_search": 100, "threads": 1}


def grams(text: str) -> Counter[str]:
    """Character 3-grams inside words that have a space on either side."""
    padded = [f" {word} " for word in text.lower().split()]
    return Counter(word[i : i + 3] for word in padded for i in range(len(word) - 2))


def best_cosines(query: str, names: dict[str, list[str]]) -> dict[str, float]:
    """CUI -> cosine of its nearest name, by the textbook's formula over all names."""
    aliases = sorted({name for group in names.values() for name in group})
    df = Counter(gram for alias in aliases for gram in grams(alias))

    def vector(text: str) -> dict[str, float]:
        weights = {
            gram: count * (log((1 + len(aliases)) / (1 + df[gram])) + 1)
            for gram, count in grams(text).items()
            if gram in df
        }
        norm = sqrt(sum(w * w for w in weights.values()))
        return {gram: w / norm for gram, w in weights.items()} if norm else {}

    q = vector(query)
    return {
        cui: max(sum(w * q.get(gram, 0.0) for gram, w in vector(n).items()) for n in group)
        for cui, group in names.items()
    }


@pytest.mark.parametrize("query", ["polycystic ovary", "chronic kidney diseases", "colds", "zzz"])
def test_candidates_are_the_nearest_names_by_cosine(kb, umls, query):
    names: dict[str, list[str]] = {}
    table = read_table("names", umls / "names.parquet")
    for cui, name in zip(table["cui"].to_pylist(), table["name"].to_pylist(), strict=True):
        names.setdefault(cui, []).append(name)
    expected = {cui: s for cui, s in best_cosines(query, names).items() if s > 0}
    memory = CandidateMemory(Store(kb), **SETTINGS)
    memory.look_up([query])
    assert dict(memory[query]) == pytest.approx(expected, abs=1e-5)
    order = [(-score, cui) for cui, score in memory[query]]
    assert order == sorted(order)


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.85])
def test_names_near_to_a_span_are_all_that_are_above_the_threshold(kb, umls, threshold):
    names: dict[str, list[str]] = {}
    table = read_table("names", umls / "names.parquet")
    for cui, name in zip(table["cui"].to_pylist(), table["name"].to_pylist(), strict=True):
        names.setdefault(cui, []).append(name)
    queries = [
        "polycystic ovary", "chronic kidney diseases", "colds", "zzz", "disease failure",
        "kidney failures of many words", "the cold", "multiple names", "COLD",
    ]  # fmt: skip
    near = NearNames(Store(kb), threshold=threshold, neighbours=100)
    near.look_up(queries)
    for query in queries:
        expected = {c: s for c, s in best_cosines(query, names).items() if s > threshold}
        assert dict(near[query]) == pytest.approx(expected, abs=1e-5)
        assert [(-s, c) for c, s in near[query]] == sorted((-s, c) for c, s in near[query])
    assert any(near[query] for query in queries)


def test_near_names_are_scispacys_candidates_whatever_is_asked_together(kb, monkeypatch):
    queries = ["polycystic ovary", "kidney disease of mice", "colds", "no such thing", "failures"]
    memory = CandidateMemory(Store(kb), **SETTINGS)
    memory.look_up(queries)
    together = NearNames(Store(kb), threshold=0.4, neighbours=10)
    together.look_up(queries)
    monkeypatch.setattr("bali.linking.near.BATCH", 1)
    alone = NearNames(Store(kb), threshold=0.4, neighbours=10, concepts={"C0000005"})
    alone.look_up(reversed(queries))
    for query in queries:
        expected = [(cui, score) for cui, score in memory[query] if score > 0.4]
        assert [cui for cui, _ in together[query]] == [cui for cui, _ in expected]
        assert dict(together[query]) == pytest.approx(dict(expected), abs=1e-5)
        assert alone[query] == tuple(c for c in together[query] if c[0] == "C0000005")
    nearest = NearNames(Store(kb), threshold=0.1, neighbours=1)
    nearest.look_up(["cold"])  # two concepts have the nearest name
    assert [cui for cui, _ in nearest["cold"]] in (["C0000004"], ["C0000005"])


def test_equal_scores_are_ordered_by_cui(kb):
    memory = CandidateMemory(Store(kb), **SETTINGS)
    memory.look_up(["COLD"])  # a name of two concepts; TF-IDF ignores case
    assert [cui for cui, score in memory["COLD"] if score > 0.999] == ["C0000004", "C0000005"]
    assert memory["COLD"][0][1] <= 1.0


def test_only_concepts_that_may_be_an_answer_are_one(kb):
    memory = CandidateMemory(Store(kb), **SETTINGS, concepts={"C0000005"})
    memory.look_up(["cold"])
    assert [cui for cui, _ in memory["cold"]] == ["C0000005"]


def test_answers_do_not_depend_on_what_is_asked_together(kb):
    queries = ["polycystic ovary", "kidney", "failures", "no such thing", "coldness"]
    together = CandidateMemory(Store(kb), **SETTINGS)
    together.look_up(queries)
    alone = CandidateMemory(Store(kb), **SETTINGS | {"threads": 2})
    for query in reversed(queries):
        alone.look_up([query])
    assert [alone[q] for q in queries] == [together[q] for q in queries]


def test_concepts_are_written_in_scispacys_layout(kb):
    lines = [json.loads(line) for line in Store(kb).entities.read_text().splitlines()]
    assert [line["concept_id"] for line in lines] == [f"C{n:07d}" for n in range(1, 11)]
    assert lines[0]["types"] == ["T047", "T191"]
    assert (lines[2]["definition"], lines[0]["definition"]) == ("first.", None)
    # the preferred name leads, wherever it stood
    assert (lines[3]["canonical_name"], lines[3]["aliases"]) == ("common cold", ["cold"])


def test_the_restored_vectoriser_gives_the_vectors_that_are_indexed(tmp_path):
    names = ["Kidney disease", "kidney failure", "\u03b2-thalassaemia", "cold"]
    fitted, vectors = tfidf.fit(names, min_df=1)
    tfidf.save(fitted, tmp_path / "v.json", tmp_path / "idf.npy")
    restored = tfidf.load(tmp_path / "v.json", tmp_path / "idf.npy")
    again = restored.transform(names)
    assert again.dtype == np.float32
    assert (again != vectors).nnz == 0


def test_two_builds_have_the_same_bytes(kb, umls, kb_command, index_command, tmp_path):
    for run in ("one", "two"):  # each in a process of its own: see bali/linking/index.py
        for words in (kb_command(umls, tmp_path / run), index_command(tmp_path / run)):
            subprocess.run([sys.executable, "-m", "bali", *words], check=True)
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / run / "kb").iterdir()}
        for run in ("one", "two")
    )
    assert first == second
    assert len(first) == 6


def test_building_needs_neither_torch_nor_spacy():
    code = "import sys, bali.linking.kb; print(*{'torch', 'spacy', 'joblib.x'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == ""


def test_names_without_a_frequent_3_gram_are_counted(umls, kb_command, tmp_path):
    assert main(kb_command(umls, tmp_path, min_df=2)) == 0
    account = json.loads((tmp_path / "kb.counts.json").read_text())["tables"]["distinct names"]
    assert account["read"] == 12
    [[reason, number]] = account["dropped"]
    assert reason == "no character 3-gram of the vocabulary"
    assert number == 3  # "IV", "??" and "polycystic ovaries" share none with another name


def test_a_min_df_that_leaves_nothing_is_the_users_mistake(umls, kb_command, tmp_path, capsys):
    assert main(kb_command(umls, tmp_path, min_df=50)) == 2
    assert "lower linking.min_df, now 50" in capsys.readouterr().err
    assert not (tmp_path / "kb" / "vectors.npz").exists()


def test_no_names_at_all_is_the_users_mistake(umls, kb_command, tmp_path, capsys):
    for path in umls.iterdir():
        shutil.copy(path, tmp_path)
    names = tmp_path / "names.parquet"
    write_table("names", read_table("names", names).slice(0, 0), names)
    assert main(kb_command(tmp_path, tmp_path)) == 2
    assert f"{names}: holds no name" in capsys.readouterr().err
    assert not (tmp_path / "kb").exists()


def test_a_missing_file_of_the_knowledge_base_is_named(kb, tmp_path):
    shutil.copytree(kb, tmp_path / "kb")
    (tmp_path / "kb" / "hnsw.bin").unlink()
    with pytest.raises(Exception, match=r"hnsw\.bin: no such file; build the index: `snakemake"):
        CandidateMemory(Store(tmp_path / "kb"), **SETTINGS).load()
