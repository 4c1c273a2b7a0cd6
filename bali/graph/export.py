"""Step `graph export`: the graph in a form that other tools of the field read.

kgx     nodes.tsv and edges.tsv with Biolink categories and predicates (bali/graph/kgx.py)
pykeen  triples.tsv and the ids of entities and relations (bali/graph/pykeen.py)
pyg     graph.safetensors, read as Data or HeteroData of PyTorch Geometric (bali/graph/pyg.py)

Nothing here is a pickle. An edge is said from its source to its target, as UMLS says it: subject
or head = source = the neighbour in a row of the CSR.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from bali.counts import Counts, read_counts
from bali.errors import InputError
from bali.files import atomic_folder
from bali.graph.artifacts import read_graph

logger = logging.getLogger(__name__)

ACCOUNT = "export.counts.json"
FORMATS = ("kgx", "pykeen", "pyg")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali graph export`."""
    parser.add_argument("--format", choices=FORMATS, required=True)
    parser.add_argument("--graph", type=Path, required=True, help="folder of `bali graph csr`")
    parser.add_argument("--semantic-types", type=Path, help="semantic_types.parquet; kgx needs it")
    parser.add_argument(
        "--added",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="the inverse edges that the graph stage added, beside those that UMLS states",
    )
    parser.add_argument("--out-dir", type=Path, required=True, help="folder; an older export goes")


def run(args: argparse.Namespace) -> None:
    """Write the folder of one format, with export.counts.json."""
    if args.format == "kgx" and args.semantic_types is None:
        raise InputError(
            "--format kgx needs --semantic-types: the categories of the nodes follow from "
            "results/umls/semantic_types.parquet"
        )
    graph = read_graph(args.graph)
    if not args.added:
        require_both_directions(args.graph / "csr.counts.json")
    counts = Counts("graph.export")
    with atomic_folder(args.out_dir, ACCOUNT) as folder:
        # each format's libraries are loaded for that format alone
        if args.format == "kgx":
            from bali.graph.kgx import write_kgx

            edges = write_kgx(graph, args.semantic_types, folder, added=args.added)
        elif args.format == "pykeen":
            from bali.graph.pykeen import write_pykeen

            edges = write_pykeen(graph, folder, added=args.added)
        else:
            from bali.graph.pyg import write_pyg

            edges = write_pyg(graph, folder, added=args.added)
        read = len(graph.csr.neighbour)
        counts.add("nodes", read=graph.csr.nodes, kept=graph.csr.nodes, dropped={})
        dropped = {"inverse that the graph stage added": read - edges}
        counts.add("edges", read=read, kept=edges, dropped=dropped)
        counts.facts["format"] = args.format
        counts.write(folder / ACCOUNT)
    logger.info("%s: %d nodes, %d edges", args.out_dir, graph.csr.nodes, edges)


def require_both_directions(path: Path) -> None:
    """Check that an added inverse is none that UMLS states too.

    Args:
        path: account of the step that built the graph; without it nothing is known, and all passes.

    Raises:
        InputError: the umls stage dropped one of the two directions.
    """
    if path.is_file() and not read_counts(path)["facts"].get("mirrored", True):
        raise InputError(
            f"--no-added: {path} says that of two directions that UMLS states one was kept "
            "(umls.mirrored false), so that added inverses stand for stated relations; set it to "
            "true and build the graph again, or leave --no-added out"
        )
