"""The whole umls and graph stages, once, on a Metathesaurus of full size: does it finish?

    python benchmarks/run_full_umls.py --scratch DIR

Makes 17M rows of MRCONSO and 60M of MRREL, runs the steps as `snakemake graph` would, prints
seconds, processor seconds, peak memory of all processes and scratch on disk of each step, whole
and per million rows, and removes what it made. The input takes 7.9 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
from measure import Measured, measure

BENCHMARKS = Path(__file__).resolve().parent
RESOURCES = BENCHMARKS.parent / "resources"
BALI = (sys.executable, "-m", "bali")


def tables(meta: Path, out: Path, args: argparse.Namespace) -> list[str | Path]:
    """`bali umls tables` with the settings of config.yaml."""
    return [
        *(*BALI, "umls", "tables", "--meta", meta),
        *("--languages", "ENG", "--suppressed", "O", "E", "Y"),
        *("--phrases", RESOURCES / "relations.tsv"),
        *("--semantic-groups", RESOURCES / "semantic_groups.tsv"),
        *("--min-names", "3", "--share", "0.5", "--seed", "29"),
        *("--threads", str(args.threads), "--memory-mb", str(args.memory_mb)),
        *("--out-dir", out / "umls", "--counts", out / "umls" / "tables.counts.json"),
    ]


def csr(out: Path) -> list[str | Path]:
    """`bali graph csr` with the settings of config.yaml."""
    return [
        *(*BALI, "graph", "csr", "--inverse", "--phrases", RESOURCES / "relations.tsv"),
        *("--concepts", out / "umls" / "concepts.parquet"),
        *("--relations", out / "umls" / "relations.parquet"),
        *("--out-dir", out / "graph", "--counts", out / "graph" / "csr.counts.json"),
    ]


def subgraphs(out: Path, args: argparse.Namespace) -> list[str | Path]:
    """`bali graph subgraphs`; the published run samples three neighbours at one hop."""
    graph = out / "graph"
    return [
        *(*BALI, "graph", "subgraphs", "--nodes", graph / "nodes.parquet"),
        *("--indptr", graph / "indptr.npy", "--neighbour", graph / "neighbour.npy"),
        *("--relation", graph / "relation.npy", "--seed", "29"),
        *("--fan-out", *map(str, args.fan_out), "--samples", str(args.samples)),
        *("--out", graph / "subgraphs.parquet", "--counts", graph / "subgraphs.counts.json"),
    ]


def tell(step: str, run: Measured, rows: int, what: str) -> None:
    """Print one step."""
    millions = rows / 1e6
    print(
        f"{step:<16}{run.seconds:>8.0f} s{run.cpu:>8.0f} s CPU{run.peak_mb:>8.0f} MB"
        f"{run.disk_mb:>8.0f} MB scratch; {millions:.1f}M {what}: {run.seconds / millions:.2f} s, "
        f"{run.peak_mb / millions:.1f} MB per million",
        flush=True,
    )


def main() -> None:
    """Generate, run the steps, print, clean up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conso", type=int, default=17_000_000, help="rows of MRCONSO")
    parser.add_argument("--rel", type=int, default=60_000_000, help="rows of MRREL")
    parser.add_argument("--scratch", type=Path, required=True, help="for input and staging")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory-mb", type=int, default=6144, help="of the Spark job, MiB")
    parser.add_argument("--fan-out", type=int, nargs="+", default=[3])
    parser.add_argument("--samples", type=int, default=4, help="subgraphs a concept")
    args = parser.parse_args()
    args.scratch.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="full-umls-", dir=args.scratch))
    try:
        run_all(folder, args)
    finally:
        shutil.rmtree(folder)


def run_all(folder: Path, args: argparse.Namespace) -> None:
    """Every step in turn, in a folder of its own."""
    meta, out, logs = folder / "META", folder / "results", args.scratch / "logs"
    spill = folder / "tmp"
    spill.mkdir()

    def run(name: str, command: list[str | Path]) -> Measured:
        return measure(command, logs / f"{name}.log", {"TMPDIR": str(spill)}, spill)

    size = ["--conso", str(args.conso), "--rel", str(args.rel)]
    generator = [sys.executable, BENCHMARKS / "generate_umls.py", *size, "--out-dir", meta]
    made = run("generate", generator)
    files = json.loads(made.output)["files"].values()
    rows = sum(file["rows"] for file in files)
    print(f"{rows / 1e6:.1f}M rows of RRF, {sum(file['bytes'] for file in files) / 1e9:.1f} GB")
    tell("generate", made, rows, "rows")
    done = [run("tables", tables(meta, out, args))]
    tell("umls tables", done[-1], rows, "rows")
    done.append(run("csr", csr(out)))
    relations = pq.read_metadata(out / "umls" / "relations.parquet").num_rows
    tell("graph csr", done[-1], relations, "relations")
    done.append(run("subgraphs", subgraphs(out, args)))
    samples = pq.read_metadata(out / "graph" / "subgraphs.parquet").num_rows
    tell("graph subgraphs", done[-1], samples, "subgraphs")
    whole = Measured(
        sum(step.seconds for step in done),
        sum(step.cpu for step in done),
        max(step.peak_mb for step in done),
        "",
        max(step.disk_mb for step in done),
    )
    tell("both stages", whole, rows, "rows")


if __name__ == "__main__":
    main()
