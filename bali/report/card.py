"""Step `report card`: a model's card, in Hugging Face's form, from the files of its run alone.

It goes beside the model's weights as README.md: data, counts, losses, results, limits, licences,
pooling. `--out` holds the same bytes; it is what the workflow knows of.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from bali.errors import InputError
from bali.files import atomic_path, read_json, require_file
from bali.report.rows import FIGURES
from bali.report.sources import corpus_in_words

TAGS = ["biomedical", "entity-linking", "umls", "knowledge-graph", "sentence-transformers"]

LIMITS = """\
- English names and text. Scores are on the sets above, and say little about others.
- Mentions for training come from a linker, with its mistakes; gold annotations were not used.
- The vectors compare names of concepts. They are no advice on anybody's health.
- An interval covers the choice of documents or concepts, not that of the training seed."""

LICENCES = """\
The weights are made from the base model, from the sources of the knowledge graph and from the text:
the terms of all three hold. The Metathesaurus has a licence of its own (category 0 to 9 by source);
abstracts of PubMed may be under copyright. No licence is granted here beyond these."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali report card`."""
    parser.add_argument("--model", type=Path, required=True, help="the run's model folder")
    parser.add_argument("--history", type=Path, required=True, help="JSON of the training")
    parser.add_argument("--gains", type=Path, required=True, help="CSV of `bali report tasks`")
    parser.add_argument("--counts", type=Path, nargs="+", required=True, help="of the data's steps")
    parser.add_argument("--config", required=True, help="all settings, as JSON text")
    parser.add_argument("--run", required=True, help="name of the run")
    parser.add_argument("--out", type=Path, required=True, help="the card")


def run(args: argparse.Namespace) -> None:
    """Write the card, and a copy beside the weights."""
    history = read_json(args.history)
    require_file(args.gains, "make it with `bali report tasks`")
    with args.gains.open(newline="") as stream:
        gains = [row for row in csv.DictReader(stream) if row["run"] in ("base", args.run)]
    try:
        settings = json.loads(args.config)
    except ValueError as error:
        raise InputError(f"--config: no valid JSON ({error}); give all settings as one") from None
    counts = {c["step"]: c["tables"] for c in map(read_json, args.counts)}
    text = card(args.run, history, gains, counts, settings)
    for path in (args.out, args.model / "README.md"):
        with atomic_path(path) as part:
            part.write_text(text, encoding="utf-8")


def card(
    run: str,
    history: Mapping[str, Any],
    gains: Sequence[Mapping[str, str]],
    counts: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, Any],
) -> str:
    """The card's text.

    Args:
        run: name of the run.
        history: of the training.
        gains: rows of gains.csv, of the base LM and of the run.
        counts: step -> its tables with read, kept and dropped.
        settings: the whole config.
    """
    lm, train = settings["lm"], history["settings"]
    front = {
        "language": ["en"],
        "license": "other",
        "library_name": "sentence-transformers",
        "pipeline_tag": "feature-extraction",
        "tags": TAGS,
    }
    if lm["source"].startswith("hf:"):
        front["base_model"] = lm["source"].removeprefix("hf:")
    pooling = {"mean": "the mean of all tokens, [CLS] and [SEP] included", "cls": "the first token"}
    releases = ", ".join(settings["umls"]["meta"])
    lines = [
        "---",
        yaml.safe_dump(front, sort_keys=False).strip(),
        "---",
        "",
        f"# {lm['name']}, aligned: run {run}, seed {history['seed']}",
        "",
        f"The language model {lm['name']} ({lm['source']}), trained further by BALI "
        f"(arXiv:2509.07588). {_objectives(train)}; what stands for one concept of a knowledge "
        "graph gets vectors that are near each other. The graph is not needed to use the model.",
        "",
        "## Use",
        "",
        "```python",
        "from sentence_transformers import SentenceTransformer",
        "",
        'vectors = SentenceTransformer("<this folder>").encode(["heart attack", "infarction"])',
        "```",
        "",
        f"A name's vector is {pooling[train['name_pooling']]}, at the layer that names were "
        f"trained at; names are cut at {settings['pairs']['name_tokens']} tokens. Compare by "
        "cosine.",
        "",
        "## Data",
        "",
        f"Knowledge graph: {releases}. Text: {corpus_in_words(settings['corpus'])}.",
        "",
        "| step | table | read | kept |",
        "|---|---|---|---|",
        *(
            f"| {step} | {table} | {rows['read']:,} | {rows['kept']:,} |"
            for step, tables in counts.items()
            for table, rows in tables.items()
        ),
        "",
        "## Training",
        "",
        *(f"- {name}: {value}" for name, value in history["counts"].items()),
        f"- settings: `{json.dumps(train, sort_keys=True)}`",
        "",
        "| | step | loss | by objective |",
        "|---|---|---|---|",
        *_losses(history),
        "",
        "## Results",
        "",
        "| task | set | figure | base LM | this run | gain, 95 % interval | p, Holm |",
        "|---|---|---|---|---|---|---|",
        *_results(run, gains),
        "",
        "In points; the mean over the run's training seeds. All sets and figures: gains.csv.",
        "",
        "## Limits",
        "",
        LIMITS,
        "",
        "## Licences",
        "",
        LICENCES,
        "",
    ]
    return "\n".join(lines)


def _objectives(train: Mapping[str, Any]) -> str:
    """The objectives that had a weight, with it, as docs/objectives.md names them."""
    weights = {key.removeprefix("w_"): train[key] for key in train if key.startswith("w_")}
    stated = [f"{name} ({weight:g})" for name, weight in weights.items() if weight]
    return f"Objectives and their weights: {', '.join(stated)}"


def _losses(history: Mapping[str, Any]) -> list[str]:
    """First and last step of training, and the last validation."""
    steps, validation = history["steps"], history["validation"]
    found = [("training, first step", steps[:1]), ("training, last step", steps[-1:])]
    # a run without validation sentences has validations of its probe alone
    found.append(("validation, last", [row for row in validation if "loss" in row][-1:]))
    return [
        f"| {what} | {row['step']} | {row['loss']:.3f} | "
        + ", ".join(f"{name} {value:.3f}" for name, value in row["losses"].items())
        + " |"
        for what, rows in found
        for row in rows
    ]


def _results(run: str, gains: Sequence[Mapping[str, str]]) -> list[str]:
    """One line a main set: its tested figure, of the base LM and of the run."""
    value = {(row["run"], row["task"], row["set"], row["figure"]): row for row in gains}
    lines = []
    for (name, task, chosen, figure), row in value.items():
        figures, sets = FIGURES[row["kind"]]
        if name != run or figure != figures[0] or chosen not in sets:
            continue
        base = value.get(("base", task, chosen, figure))
        change = "" if not row["gain"] else (
            f"{_points(row['gain'], '+')} ({_points(row['gain_low'], '+')} to "
            f"{_points(row['gain_high'], '+')})"
        )  # fmt: skip
        cells = [task, chosen, figure, _points(base["value"]) if base else ""]
        p = f"{float(row['p_holm']):.4f}" if row["p_holm"] else ""
        lines.append("| " + " | ".join([*cells, _points(row["value"]), change, p]) + " |")
    return lines


def _points(text: str, sign: str = "") -> str:
    return f"{100 * float(text):{sign}.1f}"
