"""Soft links: what the step writes, what a training step draws, what the objective is worth."""

import json
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from scipy.special import rel_entr, softmax
from test_train_run import train
from test_training_data import load, names_in
from tiny_training import SETTINGS, WORDS, TinyInputs

from bali.__main__ import main
from bali.errors import InputError
from bali.files import read_json
from bali.model.encoder import TextEncoder
from bali.model.objectives.contrast import HIDDEN
from bali.model.objectives.soft import relative_entropy
from bali.model.tokenizer import load_tokenizer
from bali.model.views import Views
from bali.storage import from_columns, map_ipc, write_ipc
from bali.train.build import build_aligner
from bali.train.mentioned import documents_of
from bali.train.names import Names
from bali.train.settings import Settings
from bali.train.soft import SoftLinks

FLAGS = {
    "--pooling": "mean",
    "--name-tokens": 32,
    "--most-words": 3,
    "--most-spans": 1000,
    "--least-cosine": -1,
    "--candidates": 4,
    "--temperature": 0.1,
    "--prior": 2.0,
    "--seed": 29,
}


def soft_links(tiny: TinyInputs, out: Path, **changes: object) -> tuple[pa.Table, dict]:
    flags = FLAGS | {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
    flags |= {"--pairs": tiny.train, "--names": tiny.names, "--lm": tiny.lm}
    flags |= {"--out": out / "soft.arrow", "--counts": out / "counts.json", "--log": out / "log"}
    words = [str(word) for pair in flags.items() for word in pair]
    assert main(["train", "soft_links", *words]) == 0
    return map_ipc("soft_links", out / "soft.arrow"), read_json(out / "counts.json")


@pytest.fixture
def in_the_clinic(tiny: TinyInputs, tmp_path: Path) -> TinyInputs:
    """The tiny inputs with a name more, so that spans of the sentences have the edges of names."""
    rows = map_ipc("node_names", tiny.names).to_pylist()
    tokenizer = load_tokenizer(tiny.lm)
    # the tokeniser is uncased, so that the last two are equally near
    for name in ("surgery", "patients in the clinic", "Patients in the clinic"):
        ids = tokenizer(name)["input_ids"]
        rows.append({"node": len(WORDS) - 1, "name": name, "input_ids": ids})
    columns = {key: [row[key] for row in rows] for key in rows[0]}
    path = tmp_path / "names.arrow"
    write_ipc("node_names", [from_columns("node_names", columns)], path)
    return TinyInputs(**{**vars(tiny), "names": path})


def test_documents_are_counted_once_a_concept() -> None:
    rows = {
        "pmid": [1, 1, 1, 2],
        "version": [1, 1, 2, 1],
        "concept": pa.array([[0, 2], [0, 0], [0], [2]], pa.list_(pa.int32())),
    }
    assert documents_of(pa.table(rows), 4).tolist() == [2, 0, 2, 0]


def test_spans_their_likeliest_names_and_logits(in_the_clinic: TinyInputs, tmp_path: Path) -> None:
    """Cosines over T and the logarithm of documents, by loops over texts encoded one by one."""
    rows, counts = soft_links(in_the_clinic, tmp_path)
    spans = rows["span"].to_pylist()
    assert spans == sorted(set(spans))
    assert spans
    names = map_ipc("node_names", in_the_clinic.names).to_pylist()
    encoder = TextEncoder.load(tiny_lm := in_the_clinic.lm, "mean")
    x = encoder.encode([row["name"] for row in names], 1, 32).astype(float)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    documents: dict[int, set] = {}
    for row in map_ipc("pairs", in_the_clinic.train).to_pylist():
        for node in row["concept"]:
            documents.setdefault(node, set()).add((row["pmid"], row["version"]))
    prior = [2.0 * np.log(1 + len(documents.get(row["node"], ()))) for row in names]
    tokenizer = load_tokenizer(tiny_lm)
    replaced = tied = 0
    for row in rows.to_pylist():
        assert row["input_ids"] == tokenizer(row["span"])["input_ids"]
        assert row["span"] not in {name["name"] for name in names}
        e = encoder.encode([row["span"]], 1, 32)[0].astype(float)
        cosine = x @ e / np.linalg.norm(e)
        logits = cosine / 0.1 + prior
        best, nearest = list(np.argsort(-logits)[:4]), np.flatnonzero(cosine > cosine.max() - 1e-5)
        if not set(best) & set(nearest):  # it takes the last's place
            best[-1] = nearest[0]
            replaced += 1
        assert row["logit"] == pytest.approx(logits[best], abs=2e-3)
        assert logits[row["name"]] == pytest.approx(logits[best], abs=2e-3)
        # of names that are equally near the likeliest counts
        assert row["nearest"] == np.isin(row["name"], nearest).argmax()
        tied += len(nearest) > 1
    assert 0 < replaced < len(spans)
    assert tied > 0
    account = counts["tables"]["spans"]
    assert account["kept"] == len(spans)
    assert dict(account["dropped"])["equals a name"] > 0
    assert counts["facts"]["concepts_mentioned"] == len(documents)


def test_a_span_far_from_all_names_is_left_out_and_a_sample_is_drawn_by_seed(
    in_the_clinic: TinyInputs, tmp_path: Path
) -> None:
    whole, _ = soft_links(in_the_clinic, tmp_path / "whole", prior=0.0)
    best = np.array([logits[0] * 0.1 for logits in whole["logit"].to_pylist()])
    bound = float(np.median(best)) + 1e-3
    near, counts = soft_links(in_the_clinic, tmp_path / "near", least_cosine=bound)
    expected = [s for s, b in zip(whole["span"].to_pylist(), best, strict=True) if b > bound]
    assert 0 < len(expected) < len(best)
    # whatever the prior: it makes no name near
    assert near["span"].to_pylist() == expected
    assert dict(counts["tables"]["spans"]["dropped"])["no name near"] == len(best) - len(expected)
    drawn = [
        soft_links(in_the_clinic, tmp_path / str(seed), most_spans=3, seed=seed)[0]["span"]
        for seed in (1, 1, 2)
    ]
    assert len(drawn[0]) == 3
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_sentences_without_a_span_give_an_empty_table(tiny: TinyInputs, tmp_path: Path) -> None:
    # in these sentences the words of names stand alone
    pairs = map_ipc("pairs", tiny.train).slice(0, 1)
    ids = load_tokenizer(tiny.lm)("was seen")["input_ids"]
    row = {**pairs.to_pydict(), "input_ids": [ids], "token": [[]], "owner": [[]], "concept": [[]]}
    write_ipc("pairs", [from_columns("pairs", row)], path := tmp_path / "train.arrow")
    empty = TinyInputs(**{**vars(tiny), "train": path})
    table, counts = soft_links(empty, tmp_path)
    assert table.num_rows == 0
    assert counts["tables"]["spans"]["kept"] == 0
    with pytest.raises(InputError, match="no span"):
        SoftLinks(tmp_path / "soft.arrow", Names(tiny.names, len(WORDS)), 4, 2)


def test_a_step_has_spans_and_the_names_drawn_for_them(tiny: TinyInputs) -> None:
    drawer = SoftLinks(tiny.soft_links, Names(tiny.names, len(WORDS)), 5, 2)
    listed = {row["span"]: row for row in map_ipc("soft_links", tiny.soft_links).to_pylist()}
    name_of = map_ipc("node_names", tiny.names)["name"].to_pylist()
    seen = set()
    for step in range(40):
        drawn = drawer.draw(29, 1, step)
        texts = names_in(tiny, drawn.names)
        spans, names = texts[: len(drawn.logit)], texts[len(drawn.logit) :]
        assert len(spans) == len(set(spans)) <= 5
        assert len(names) == len(set(names)) <= 2 * len(spans)
        for span, logits in zip(spans, drawn.logit.tolist(), strict=True):
            row = listed[span]
            known = dict(zip([name_of[i] for i in row["name"]], row["logit"], strict=True))
            assert logits == pytest.approx([known.get(name, HIDDEN) for name in names])
            # two are drawn: the likeliest and the nearest
            assert {name_of[row["name"][0]], name_of[row["name"][row["nearest"]]]} <= set(names)
            seen |= {(span, name) for name in names if name in known}
    assert len(seen) == 3 * len(WORDS)  # the third of a span as the first of the next one
    again = drawer.draw(29, 1, 0)
    assert torch.equal(again.names.ids, drawer.draw(29, 1, 0).names.ids)
    assert not torch.equal(again.names.ids, drawer.draw(29, 1, 1).names.ids)


@pytest.mark.parametrize("nearest", [0, 4])
def test_the_likeliest_and_the_nearest_name_are_in_every_draw(
    tiny: TinyInputs, tmp_path: Path, nearest: int
) -> None:
    row = {**map_ipc("soft_links", tiny.soft_links).slice(0, 1).to_pydict()}
    row |= {"name": [[5, 2, 7, 0, 3, 6]], "logit": [[6.0, 5, 4, 3, 2, 1]], "nearest": [nearest]}
    write_ipc("soft_links", [from_columns("soft_links", row)], path := tmp_path / "one.arrow")
    drawer = SoftLinks(path, Names(tiny.names, len(WORDS)), 2, 3)
    text = map_ipc("node_names", tiny.names)["name"].to_pylist()
    always = {text[5], text[[5, 2, 7, 0, 3, 6][nearest]]}
    others = set()
    for step in range(60):
        drawn = names_in(tiny, drawer.draw(29, 1, step).names)[1:]
        assert len(drawn) == 3
        assert always <= set(drawn)
        others |= set(drawn) - always
    assert others == {text[i] for i in (5, 2, 7, 0, 3, 6)} - always


def test_relative_entropy_is_scipys_and_has_its_gradient() -> None:
    generator = torch.Generator().manual_seed(0)
    teacher = torch.randn(5, 7, generator=generator, dtype=torch.float64)
    student = torch.randn(5, 7, generator=generator, dtype=torch.float64, requires_grad=True)
    teacher[0, 2:] = HIDDEN
    teacher[3, 0] = HIDDEN
    p = softmax(np.where(teacher.numpy() > HIDDEN, teacher.numpy(), -np.inf), axis=1)
    q = softmax(student.detach().numpy(), axis=1)
    expected = rel_entr(p, q).sum(axis=1).mean()
    assert relative_entropy(teacher, student).item() == pytest.approx(expected, rel=1e-12)
    assert torch.autograd.gradcheck(lambda s: relative_entropy(teacher, s), (student,))
    assert relative_entropy(teacher, teacher).item() == pytest.approx(0, abs=1e-12)


def test_the_objective_by_names_encoded_one_by_one(tiny: TinyInputs) -> None:
    names = Names(tiny.names, len(WORDS))
    data = load(tiny, soft=SoftLinks(tiny.soft_links, names, 5, 2))
    torch.manual_seed(0)
    settings = Settings.from_json(json.dumps({**SETTINGS, "w_soft": 1.0}))
    aligner = build_aligner(tiny.lm, settings).train(False)
    batch = data.at(0)
    with torch.no_grad():
        term = aligner.objectives["soft"](Views(batch, aligner))
        x = TextEncoder(aligner.lm, load_tokenizer(tiny.lm), "mean").encode(
            names_in(tiny, batch.soft.names), 1, 32
        )
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(float)
    rows = len(batch.soft.logit)
    q = softmax(x[:rows] @ x[rows:].T / settings.temperature, axis=1)
    logits = batch.soft.logit.numpy().astype(float)
    p = softmax(np.where(logits > HIDDEN, logits, -np.inf), axis=1)
    assert term.value.item() == pytest.approx(rel_entr(p, q).sum(axis=1).mean(), rel=1e-4)
    assert term.count.item() == rows


def test_a_run_learns_what_spans_mean(tiny: TinyInputs, tmp_path: Path) -> None:
    changes = {"w_mlm": 0.0, "w_align": 0.0, "w_soft": 1.0, "epochs": 12, "lr_lm": 3e-3}
    assert train(tiny, tmp_path, **changes) == 0
    losses = [step["losses"]["soft"] for step in read_json(tmp_path / "history.json")["steps"]]
    assert np.mean(losses[-6:]) < 0.7 * np.mean(losses[:6])


def test_no_spans_or_names_of_another_run_are_errors(tiny: TinyInputs, tmp_path: Path) -> None:
    names = Names(tiny.names, len(WORDS))
    table = map_ipc("soft_links", tiny.soft_links)
    wrong = {**table.slice(0, 1).to_pydict(), "name": [[99]], "logit": [[1.0]]}
    for rows, message in (
        (table.slice(0, 0), "no span, but train.w_soft is above 0"),
        (from_columns("soft_links", wrong), "a name that is not there"),
    ):
        write_ipc("soft_links", [rows], path := tmp_path / "soft.arrow")
        with pytest.raises(InputError, match=message):
            SoftLinks(path, names, 4, 2)


@pytest.mark.parametrize(
    ("flag", "value", "message"),
    [
        ("--candidates", 1, "soft_links.candidates: 1 must be from 2 to"),
        ("--temperature", 0, "soft_links.temperature: 0.0 must be above 0"),
        ("--temperature", math.nan, "soft_links.temperature: nan must be above 0"),
        ("--prior", math.nan, "soft_links.prior: nan must be from 0 to"),
        ("--prior", -1, "soft_links.prior: -1.0 must be from 0 to"),
        ("--most-spans", -5, "soft_links.most_spans: -5 must be from 1 to"),
        ("--most-words", 0, "soft_links.most_words: 0 must be from 1 to"),
        ("--least-cosine", 2, "soft_links.least_cosine: 2.0 must be from -1 to 1"),
        ("--threads", 0, "soft_links.threads: 0 must be from 1 to"),
    ],
)
def test_a_setting_that_makes_no_sense_is_one_line(
    tiny: TinyInputs,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    flag: str,
    value: float,
    message: str,
) -> None:
    flags = FLAGS | {flag: value, "--pairs": tiny.train, "--names": tiny.names}
    flags |= {"--lm": tiny.lm, "--out": tmp_path / "a", "--counts": tmp_path / "b"}
    flags |= {"--log": tmp_path / "log"}
    assert main(["train", "soft_links", *(str(w) for pair in flags.items() for w in pair)]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "a").exists()
