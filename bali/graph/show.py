"""`bali graph show <CUI or name>`: prints a concept and what stands around it, and draws it."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from bali.errors import InputError
from bali.files import atomic_path, read_json
from bali.graph.artifacts import INVERSES, read_graph
from bali.graph.drawing import draw
from bali.graph.lookup import find_concept, node_rows, read_concept, read_concepts, rows_of
from bali.graph.neighbourhood import neighbourhood
from bali.graph.outline import describe, outline
from bali.graph.page import page
from bali.relations import TABLE, Relations, read_relations
from bali.semantic_groups import read_semantic_groups

MOST_HOPS = 5
DRAWINGS = (".svg", ".html")
# a name must not steer the terminal
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali graph show`."""
    parser.add_argument("concept", nargs="+", help="a CUI, or a name")
    parser.add_argument("--hops", type=int, default=2, help="how far to go (default: 2)")
    parser.add_argument(
        "--sample", type=int, default=12, help="most neighbours shown of a node (default: 12)"
    )
    parser.add_argument("--seed", type=int, default=29, help="of the choice among more neighbours")
    parser.add_argument(
        "--results", type=Path, default=Path("results"), help="folder of the stages' results"
    )
    parser.add_argument("--out", type=Path, help="a drawing: a file .svg or .html")


def run(args: argparse.Namespace) -> None:
    """Print the concept and its neighbourhood; write the drawing."""
    if not 1 <= args.hops <= MOST_HOPS:
        raise InputError(f"--hops {args.hops}: must be from 1 to {MOST_HOPS}")
    if args.sample < 1:
        raise InputError(f"--sample {args.sample}: must be at least 1")
    if args.out and args.out.suffix not in DRAWINGS:
        raise InputError(f"--out {args.out}: must end in {' or '.join(DRAWINGS)}")
    umls, folder = args.results / "umls", args.results / "graph"
    groups = read_semantic_groups()
    concept = read_concept(umls, find_concept(umls, " ".join(args.concept)))
    found = rows_of("nodes", folder / "nodes.parquet", [concept.cui], "node", "degree")
    if not found.num_rows:
        _say(describe(concept, groups))
        raise InputError(
            f"{concept.cui}: no node of {folder / 'nodes.parquet'}; graph.mentioned_hops in the "
            "config keeps only what is near to concepts mentioned in the corpus"
        )
    graph = read_graph(folder)
    centre = found["node"][0].as_py()
    # MRDOC.RRF of the release had the last word on inverses when the graph was built
    words = Relations(read_json(folder / INVERSES), read_relations(TABLE).phrases)
    tree = neighbourhood(graph, words, centre, args.hops, args.sample, args.seed)
    named = node_rows(folder / "nodes.parquet", tree.nodes())
    if args.out:
        details = read_concepts(umls, dict(named.values()))
        svg = draw(tree, {node: details[cui] for node, (cui, _) in named.items()}, groups)
        with atomic_path(args.out) as part:
            html = args.out.suffix == ".html"
            part.write_text(page(concept, svg, groups) if html else svg, encoding="utf-8")
    edges = [f"  {'edges':<11} {found['degree'][0]}", "", concept.name]
    _say([*describe(concept, groups), *edges, *outline(tree, named)])


def _say(lines: Iterable[str]) -> None:
    try:
        sys.stdout.write("".join(_CONTROL.sub("\ufffd", line) + "\n" for line in lines))
        sys.stdout.flush()
    except BrokenPipeError:
        # `| head` has seen enough; without this the interpreter complains when it closes stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
