"""Held-out relations and rated pairs, against SciPy and cases worked by hand."""

import json

import numpy as np
import pytest
from scipy import stats

from bali.__main__ import main
from bali.errors import InputError
from bali.gold.relatedness import read_pairs
from bali.intervals import spearman, spearman_interval
from bali.storage import from_columns, read_table, write_table

NAMES = ["lung disease", "lung disease acute", "acute lung disease x", "fever", "feverish", "cough"]
CUIS = [f"C{number:07d}" for number in range(1, 7)]


def relations(table, path, *pairs):
    rows = sorted(pairs)
    columns = {
        "head": [h for h, _ in rows],
        "tail": [t for _, t in rows],
        "rel": ["CHD"] * len(rows),
        "rela": ["isa"] * len(rows),
        "sab": ["T"] * len(rows),
    }
    write_table(table, from_columns(table, columns), path)


@pytest.fixture
def graph(tmp_path):
    ones = ["T"] * len(CUIS)
    names = {"cui": CUIS, "name": NAMES, "sab": ones, "tty": ones, "preferred": [True] * len(CUIS)}
    write_table("names", from_columns("names", names), tmp_path / "names.parquet")
    concepts = from_columns("concepts", {"cui": CUIS, "name": NAMES})
    write_table("concepts", concepts, tmp_path / "concepts.parquet")
    relations("heldout_relations", tmp_path / "heldout.parquet", (CUIS[0], CUIS[2]))
    relations("relations", tmp_path / "kept.parquet", (CUIS[1], CUIS[0]))
    return tmp_path


def ask(folder, *flags):
    words = f"--heldout {folder}/heldout.parquet --relations {folder}/kept.parquet"
    words += f" --concepts {folder}/concepts.parquet --names {folder}/names.parquet"
    words += f" --run r --seed 0 --task t --task-seed 1 --bootstrap 20 --out {folder}/out.json"
    assert main(["evaluate", "relations", *words.split(), *flags]) == 0
    return json.loads((folder / "out.json").read_text())


def test_known_neighbours_and_the_concept_itself_do_not_count(graph):
    result = ask(graph, "--tfidf")
    items = result["items"]
    assert items["unit"] == [CUIS[0], CUIS[2]]
    # unfiltered, "lung disease" finds itself first and its neighbour 2 before the one asked for
    assert items["scores"]["hits@1"][0] == 1.0
    # "acute lung disease x" is nearer to "lung disease acute", which is not its neighbour
    assert items["scores"]["hits@1"][1] == 0.0
    assert items["scores"]["hits@3"][1] == 1.0
    assert items["scores"]["mrr"] == [1.0, 0.5]
    assert result["counts"] == {
        "read": 2,
        "kept": 2,
        "dropped": {"concept without a name": 0, "not drawn": 0},
    }


def test_tied_concepts_share_their_places(graph):
    result = ask(graph, "--exact")  # all concepts that count tie: 4 and 5 of them
    assert result["items"]["scores"]["hits@1"] == pytest.approx([1 / 4, 1 / 5])
    assert result["items"]["scores"]["mrr"] == pytest.approx(
        [np.mean(1 / np.arange(1, 5)), np.mean(1 / np.arange(1, 6))]
    )


def test_few_questions_are_drawn_evenly(graph):
    result = ask(graph, "--tfidf", "--most", "1")
    assert result["items"]["unit"] == [CUIS[0]]
    assert result["counts"]["dropped"]["not drawn"] == 1


def test_a_held_out_pair_leaves_the_graph_in_both_directions(tmp_path):
    pairs = [(f"C{i:07d}", f"C{i + 100:07d}") for i in range(1, 90)]
    relations("relations", tmp_path / "relations.parquet", *pairs, *((t, h) for h, t in pairs))
    flags = f"--relations {tmp_path}/relations.parquet --share 0.3 --seed 29"
    flags += f" --kept {tmp_path}/kept.parquet --out {tmp_path}/out.parquet"
    flags += f" --counts {tmp_path}/counts.json"
    assert main(["graph", "heldout", *flags.split()]) == 0

    def ends(table, name):
        rows = read_table(table, tmp_path / name)
        return {
            frozenset(pair)
            for pair in zip(rows["head"].to_pylist(), rows["tail"].to_pylist(), strict=True)
        }

    kept, out = ends("relations", "kept.parquet"), ends("heldout_relations", "out.parquet")
    assert not kept & out
    assert kept | out == {frozenset(pair) for pair in pairs}
    assert 10 < len(out) < 45
    counts = json.loads((tmp_path / "counts.json").read_text())["tables"]["relations"]
    assert counts["read"] == 178 and counts["dropped"] == [["held out", 2 * len(out)]]


EHR_REL = (
    "snomed_id_1\tsnomed_label_1\tsnomed_id_2\tsnomed_label_2\trater_A\tmean_rating\tCUI_1\tCUI_2\n"
    '1\tFever\t2\t"Pyrexia"\t3\t3.0\tC1\tC2\n1\tFever\t3\tCough\t1\t1.5\tC1\t\n'
)
UMNSRS = '"Mean","Stdev","Term1","Term2","CUI1","CUI2"\n1583.5,10,"Fever, high",Pyrexia,C1,C2\n'


def test_both_layouts_are_read(tmp_path):
    (tmp_path / "a.tsv").write_text(EHR_REL)
    (tmp_path / "b.csv").write_text(UMNSRS)
    assert read_pairs(tmp_path / "a.tsv") == [
        ("Fever", "Pyrexia", 3.0, "C1", "C2"),
        ("Fever", "Cough", 1.5, "C1", ""),
    ]
    assert read_pairs(tmp_path / "b.csv") == [("Fever, high", "Pyrexia", 1583.5, "C1", "C2")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\n1\t2\n", "columns a, b; must be those of EHR-Rel"),
        (UMNSRS.replace("1583.5", "high"), "line 2: terms .* with the rating 'high'"),
        (UMNSRS.split("\n")[0] + "\n", "holds no pair"),
    ],
)
def test_broken_pairs_are_one_line(tmp_path, text, message):
    (tmp_path / "pairs").write_text(text)
    with pytest.raises(InputError, match=message):
        read_pairs(tmp_path / "pairs")


def test_spearman_is_that_of_scipy_also_with_ties():
    rng = np.random.default_rng(1)
    left, right = rng.integers(5, size=40).astype(float), rng.normal(size=40)
    assert spearman(left, right) == pytest.approx(stats.spearmanr(left, right).statistic)
    found = spearman_interval(left, right, 4000, seed=2)
    expected = stats.bootstrap(
        (left, right),
        lambda a, b: stats.spearmanr(a, b).statistic,
        paired=True,
        vectorized=False,
        n_resamples=2000,
        method="percentile",
        rng=np.random.default_rng(3),
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.04)


def test_spearman_by_hand():
    # ranks 1 2 3 4 against 2 1 4 3: 1 - 6 * (1 + 1 + 1 + 1) / (4 * 15) = 0.6
    assert spearman(np.array([1.0, 2, 3, 4]), np.array([2.0, 1, 4, 3])) == pytest.approx(0.6)
    assert spearman(np.array([1.0, 2, 3]), np.ones(3)) == 0


@pytest.mark.shared
def test_real_pairs_of_ehr_rel(shared, tmp_path):
    path = shared / "ehr_rel" / "EHR-RelA.tsv"
    pairs = read_pairs(path)
    assert len(pairs) == 111
    assert sum(bool(p.cui_1 and p.cui_2) for p in pairs) == 106
    words = f"--pairs {path} --tfidf --run r --seed 0 --task t --task-seed 1 --bootstrap 100"
    assert main(["evaluate", "relatedness", *words.split(), "--out", f"{tmp_path}/o.json"]) == 0
    result = json.loads((tmp_path / "o.json").read_text())
    items = result["items"]["scores"]
    expected = stats.spearmanr(items["rating"], items["cosine"]).statistic
    assert result["sets"]["full"]["spearman"][0] == pytest.approx(expected)
