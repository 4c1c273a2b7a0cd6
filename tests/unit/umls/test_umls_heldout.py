"""The choice of held-out names, against bali.text and a choice by brute force in Python."""

import unicodedata
from collections import Counter, defaultdict

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pyspark.sql import functions as F

from bali.hashing import below
from bali.text import normalise
from bali.umls.heldout import (
    Settings,
    choose_heldout,
    draws,
    normal_form,
    questions,
    single_forms,
    unknown_to_java,
)
from bali.umls.order import is_first, sort_rows

pytestmark = pytest.mark.xdist_group("spark")

HARD = [
    "Down's  Syndrome", "down s syndrome", "Straße", "STRASSE", "İstanbul", "ISIL", "\u0131I",
    "ΣΊΣΥΦΟΣ", "ΟΔΟΣ 2", "Σ", "cafe\u0301", "CAFÉ", "漢字 病", "Ⅷ factor", "½ dose", "factor Ⅸa",
    "\u00a0non\u00a0breaking\u2003", "β-Thalassemia", "\u212bngström \u212a", "--", "", "   ",
    "A/B,C (D)", "🙂 face", "ǅ", "ŉ", "ﬁ ﬂ", "x²₃", "٣ ٤", "a\u200bb", "a\u00adb",
    "\U0001d504 \U0001d400", "\ud7ff", "ẞ", "Ω \u2126", "tab\tnew\nline", "_under_score_",
]  # fmt: skip


def forms(work, names, path):
    """Name -> (Spark's normal form, whether Java does not know it)."""
    pq.write_table(pa.table({"name": names}), path)
    column = F.col("name")
    rows = work.spark.read.parquet(str(path)).select(
        "name", normal_form(column).alias("form"), unknown_to_java(column).alias("unknown")
    )
    return {row["name"]: (row["form"], row["unknown"]) for row in rows.collect()}


def test_spark_normalises_hard_names_as_python_does(work, tmp_path):
    found = forms(work, HARD, tmp_path / "names.parquet")
    assert {name: form for name, (form, _) in found.items()} == {n: normalise(n) for n in HARD}


def test_spark_and_python_agree_on_every_code_point_that_both_know(work, tmp_path):
    known = [chr(c) for c in range(0x20000) if unicodedata.category(chr(c)) not in ("Cn", "Cs")]
    found = forms(work, [f"a{c}B" for c in known], tmp_path / "names.parquet")
    differing = [n for n, (form, unknown) in found.items() if form != normalise(n) and not unknown]
    assert differing == []


def test_a_code_point_that_no_unicode_assigns_is_unknown(work, tmp_path):
    found = forms(work, ["a\u0378b", "ab"], tmp_path / "names.parquet")
    assert [found[name][1] for name in ("a\u0378b", "ab")] == [True, False]


@pytest.fixture(scope="module")
def invented():
    """(cui, name, preferred): 400 concepts with 1 to 5 names; many collide once normalised."""
    rows = []
    for concept in range(400):
        names = {}
        for k in range(int(below(5, 1, concept)) + 1):
            word = int(below(700, 2, concept, k))
            names.setdefault(f"{'Word' if k % 2 else 'word'}-{word}", k == 0)
        rows += [(f"C{concept:07d}", name, preferred) for name, preferred in names.items()]
    return rows


def choose(work, rows, settings):
    """CUI -> (why it gives no name, the name, its split)."""
    frame = work.spark.createDataFrame(
        [(int(cui[1:]), name, preferred) for cui, name, preferred in rows],
        "cui int, str string, preferred boolean",
    )
    found = pa.table(frame.withColumns(draws(settings, F.lit(True))).toArrow())
    rank = pc.if_else(found["preferred"], 0, 1)
    found = sort_rows(found.append_column("rank", rank), "cui", "rank", "str")
    found = found.append_column("own", pa.array(is_first(found, "cui")))
    found = sort_rows(found, "cui", "str")
    cuis = found["cui"].to_pylist()
    sizes = Counter(cuis)
    found = found.append_column("names", pa.array([sizes[cui] for cui in cuis], pa.int32()))
    single = single_forms([found["form"].drop_null().to_numpy()])
    taken, why = choose_heldout(found, single, settings)
    given = questions(found.filter(pa.array(taken))).to_pylist()
    answers = {row["cui"]: (None, row["name"], row["split"]) for row in given}
    for cui, reason in zip(sorted(sizes), why, strict=True):
        assert (reason < 0) == (f"C{cui:07d}" in answers)
        if reason >= 0:
            answers[f"C{cui:07d}"] = (settings.reasons[reason], None, None)
    return answers


def test_the_names_taken_are_those_that_brute_force_allows(work, invented):
    chosen = choose(work, invented, Settings(min_names=3, share=1.0, seed=29))
    rows_of_form = Counter(normalise(name) for _, name, _ in invented)
    allowed, names = defaultdict(set), Counter(cui for cui, _, _ in invented)
    for cui, name, preferred in invented:
        if not preferred and rows_of_form[normalise(name)] == 1:
            allowed[cui].add(name)
    few, _, none = Settings(3, 1.0, 29).reasons
    assert set(chosen) == set(names)
    for cui, (reason, name, split) in chosen.items():
        if names[cui] < 3:
            assert reason == few
        elif not allowed[cui]:
            assert reason == none
        else:
            assert reason is None and name in allowed[cui] and split in ("dev", "test")
    reasons = Counter(reason for reason, _, _ in chosen.values())
    assert min(reasons[few], reasons[none], reasons[None]) > 5  # the case is not empty


def test_share_and_split_are_halves_and_follow_the_seed(work, invented):
    settings = Settings(min_names=2, share=0.5, seed=29)
    chosen = choose(work, invented, settings)
    few, not_drawn, _ = settings.reasons
    asked = {cui for cui, (reason, _, _) in chosen.items() if reason != few}
    drawn = {cui for cui in asked if chosen[cui][0] != not_drawn}
    # binomial with n above 200: five standard deviations are below 0.18
    assert len(asked) > 200 and 0.32 < len(drawn) / len(asked) < 0.68
    sides = [chosen[cui][2] for cui in asked if chosen[cui][2]]
    assert len(sides) > 60 and 0.2 < sides.count("dev") / len(sides) < 0.8
    other = choose(work, invented, Settings(min_names=2, share=0.5, seed=30))
    assert drawn != {cui for cui in asked if other[cui][0] != not_drawn}


def test_a_concept_without_preferred_row_keeps_its_own_name(work):
    rows = [("C0000001", name, False) for name in ("alpha", "beta")]
    assert choose(work, rows, Settings(2, 1.0, 0))["C0000001"][:2] == (None, "beta")


def test_a_name_without_letters_or_digits_is_no_question(work):
    rows = [("C0000001", "alpha", True), ("C0000001", "--", False), ("C0000001", "ALPHA", False)]
    settings = Settings(3, 1.0, 0)
    assert choose(work, rows, settings)["C0000001"][0] == settings.reasons[2]
