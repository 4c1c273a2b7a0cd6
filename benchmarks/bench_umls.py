"""`bali umls tables` and its peers in turn on the same RRF files; every value must be the same.

    python benchmarks/bench_umls.py --conso 2000000 --rel 5000000 --scratch DIR --repetitions 3

Prints seconds (median), processor seconds, peak memory of all processes and our ratio to each.
DuckDB gets the whole input. The pandas loop gets a tenth of the size, of which its time for each
RRF file is extrapolated by rows; its tables are compared with ours of that size. `cat` and `wc -l`
show what the disk and one core allow.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
from pathlib import Path

import pyarrow.parquet as pq
from measure import Measured, measure

from bali.umls.class_cache import sharing
from bali.umls.jvm import find_java

BENCHMARKS = Path(__file__).resolve().parent
RESOURCES = BENCHMARKS.parent / "resources"
SOURCES = ("MRCONSO", "MRREL", "MRSTY", "MRDEF", "MRCUI")
SMALLER = 10  # the pandas loop's share of MRCONSO is one in so many; of MRREL 0.8 of that


def generate(scratch: Path, conso: int, rel: int, seed: int) -> Path:
    """A META folder of so many rows, made only once; returns it."""
    meta = scratch / f"generated-{conso}-{rel}-{seed}" / "META"
    if not (meta / "MRFILES.RRF").is_file():  # written last
        sizes = ["--conso", str(conso), "--rel", str(rel), "--seed", str(seed)]
        command = [sys.executable, BENCHMARKS / "generate_umls.py", "--out-dir", meta, *sizes]
        measure(command, scratch / "generate.log")
    return meta


def our_command(meta: Path, folder: Path, args: argparse.Namespace) -> list[str | Path]:
    """The command of the workflow's rule; no names are held out, because no peer does that."""
    return [
        *(sys.executable, "-m", "bali", "umls", "tables", "--meta", meta),
        *("--languages", "ENG", "--suppressed", "O", "E", "Y"),
        *("--phrases", RESOURCES / "relations.tsv"),
        *("--semantic-groups", RESOURCES / "semantic_groups.tsv"),
        *("--min-names", "3", "--share", "0", "--seed", "29"),
        *("--threads", str(args.threads), "--memory-mb", str(args.memory_mb)),
        *("--out-dir", folder, "--counts", folder / "tables.counts.json"),
    ]


def peer_command(peer: str, meta: Path, folder: Path, args: argparse.Namespace) -> list[str | Path]:
    """The command of a peer: duckdb, iterrows or itertuples."""
    paths = ["--meta", meta, "--out-dir", folder]
    if peer == "duckdb":
        limits = ["--threads", str(args.threads), "--memory-mb", str(args.memory_mb)]
        return [sys.executable, BENCHMARKS / "umls_duckdb.py", *paths, *limits]
    return [sys.executable, BENCHMARKS / "umls_pandas.py", *paths, "--loop", peer]


def require_same(ours: Path, theirs: Path) -> dict[str, int]:
    """Rows of each table of a peer.

    Raises:
        SystemExit: one of our tables has other rows.
    """
    rows = {}
    for path in sorted(theirs.glob("*.parquet")):
        a, b = pq.read_table(ours / path.name), pq.read_table(path)
        if a.num_rows != b.num_rows or a.column_names != b.column_names:
            sys.exit(f"{path.stem}: {a.num_rows} rows, the peer has {b.num_rows}")
        for name in a.column_names:
            if not a[name].equals(b[name].cast(a[name].type)):
                sys.exit(f"{path.stem}: the values of {name} differ from the peer's")
        rows[path.stem] = a.num_rows
    return rows


def rows_in(meta: Path) -> dict[str, int]:
    """Rows of each RRF file, from MRFILES."""
    lines = (meta / "MRFILES.RRF").read_text().splitlines()
    return {line.split("|")[0][:-4]: int(line.split("|")[4]) for line in lines}


def tell(name: str, runs: list[Measured]) -> Measured:
    """Print one line; returns the medians, and the largest peak."""
    middle = Measured(
        statistics.median(run.seconds for run in runs),
        statistics.median(run.cpu for run in runs),
        max(run.peak_mb for run in runs),
        output="",
        disk_mb=0.0,
    )
    spread = " ".join(f"{run.seconds:.1f}" for run in runs)
    print(
        f"{name:<32}{middle.seconds:>8.1f} s{middle.cpu:>8.1f} s CPU{middle.peak_mb:>7.0f} MB"
        f"   runs: {spread}",
        flush=True,
    )
    return middle


def main() -> None:
    """Run all; print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conso", type=int, default=2_000_000, help="rows of MRCONSO")
    parser.add_argument("--rel", type=int, default=5_000_000, help="rows of MRREL")
    parser.add_argument("--seed", type=int, default=29, help="of the generated input")
    parser.add_argument("--scratch", type=Path, required=True, help="input and outputs; is kept")
    parser.add_argument("--repetitions", type=int, default=3, help="of us and DuckDB, in turn")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory-mb", type=int, default=6144, help="of us and DuckDB, MiB")
    parser.add_argument("--no-pandas", action="store_true", help="only DuckDB")
    args = parser.parse_args()
    meta = generate(args.scratch, args.conso, args.rel, args.seed)
    files = [meta / f"{source}.RRF" for source in SOURCES]
    logs = args.scratch / "logs"

    def run(name: str, command: list[str | Path], folder: Path) -> Measured:
        shutil.rmtree(folder, ignore_errors=True)
        return measure(command, logs / f"{name}.log")

    print(f"{args.conso} rows of MRCONSO, {args.rel} of MRREL, {args.threads} threads")
    warm = "with" if sharing(find_java(os.environ), os.environ) else "without"
    print(f"JVM {warm} the archive of classes that `bali umls warm` makes")
    # not `cat` to a pipe, which would be measured too; the first one fills the page cache
    for name, command in (("cat, first", ["cat"]), ("cat", ["cat"]), ("wc -l", ["wc", "-l"])):
        tell(name, [run("limit", [*command, *files], logs / "none")])
        (logs / "limit.log.out").unlink()

    ours, theirs = args.scratch / "ours", args.scratch / "theirs"
    mine: list[Measured] = []
    peer: list[Measured] = []
    for _ in range(args.repetitions):
        mine.append(run("bali", our_command(meta, ours, args), ours))
        peer.append(run("duckdb", peer_command("duckdb", meta, theirs, args), theirs))
        rows = require_same(ours, theirs)
    print(f"same values in {', '.join(f'{table} ({n})' for table, n in rows.items())}")
    us, duckdb = tell("bali umls tables", mine), tell("DuckDB", peer)
    wall, cpu = us.seconds / duckdb.seconds, us.cpu / duckdb.cpu
    print(f"  ours / DuckDB: {wall:.1f}, of processor time {cpu:.1f}")
    if args.no_pandas:
        return

    small = generate(args.scratch, args.conso // SMALLER, args.rel * 8 // (10 * SMALLER), args.seed)
    run("bali-small", our_command(small, ours, args), ours)
    for loop in ("iterrows", "itertuples"):
        done = run(loop, peer_command(loop, small, theirs, args), theirs)
        require_same(ours, theirs)
        inner = json.loads(done.output)
        start = done.seconds - sum(inner.values())  # of Python, and its imports
        factor = {source: rows_in(meta)[source] / n for source, n in rows_in(small).items()}
        seconds = start + sum(inner[source] * factor[source] for source in SOURCES)
        read = f"{rows_in(small)['MRCONSO']} + {rows_in(small)['MRREL']} rows"
        tell(f"{loop}, {read}", [done])
        print(f"  extrapolated: {seconds:.0f} s; {loop} / ours: {seconds / us.seconds:.1f}")


if __name__ == "__main__":
    main()
