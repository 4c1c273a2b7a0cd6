"""`bali graph csr` on UMLS-shaped tables of any size, beside the sort that it cannot do without.

    python benchmarks/bench_csr.py --nodes 4000000 --rows 60000000 --folder DIR

Writes concepts and relations once (skewed degrees, nearly every relation stated both ways), then
runs the step in a process of its own under /usr/bin/time and sorts as many random int64 in another
one. Prints wall and CPU seconds, peak resident memory, bytes an edge, and the ratio to the sort.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bali.storage import TableWriter

ROOT = Path(__file__).resolve().parent.parent
BATCH = 1_048_576  # rows written at once
# (REL, RELA) of a relation and of the same one read backwards
KINDS = [
    (("CHD", "isa"), ("PAR", "inverse_isa")),
    (("RO", "may_treat"), ("RO", "may_be_treated_by")),
    (("RB", ""), ("RN", "")),
    (("SIB", ""), ("SIB", "")),
    (("RO", "has_finding_site"), ("RO", "finding_site_of")),
    (("CHD", ""), ("PAR", "")),
    (("RQ", "mapped_to"), ("RQ", "mapped_from")),
    (("SY", ""), ("SY", "")),
]
ONE_WAY = 0.02  # share of the relations that are stated in one direction only
SOURCES = ["MSH", "MTH", "NCI", "SNOMEDCT_US"]


def cuis(nodes: NDArray[np.int64]) -> pa.Array:
    """CUIs of node numbers as Arrow strings: C and seven digits each."""
    text = np.empty((len(nodes), 8), np.uint8)
    text[:, 0] = ord("C")
    for place in range(7):
        text[:, 7 - place] = nodes // 10**place % 10 + ord("0")
    offsets = np.arange(0, 8 * len(nodes) + 1, 8, dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    return pa.Array.from_buffers(pa.string(), len(nodes), buffers)


def write_tables(folder: Path, nodes: int, rows: int) -> None:
    """concepts.parquet and relations.parquet; relations sorted as the umls stage sorts them."""
    with TableWriter("concepts", folder / "concepts.parquet") as out:
        for start in range(0, nodes, BATCH):
            cui = cuis(np.arange(start, min(start + BATCH, nodes)))
            out.write(pa.table({"cui": cui, "name": cui}))
    rng = np.random.default_rng(29)
    pairs = round(rows / (2 - ONE_WAY))
    shuffled = rng.permutation(nodes)
    # a cube is a skewed draw: the largest of 4M nodes gets 0.6 % of the ends
    one = shuffled[(nodes * rng.random(pairs) ** 3).astype(np.int64)]
    other = shuffled[(nodes * rng.random(pairs) ** 1.5).astype(np.int64)]
    kind = rng.integers(0, len(KINDS), pairs)
    both = rng.random(pairs) >= ONE_WAY
    head, tail = np.concatenate([one, other[both]]), np.concatenate([other, one[both]])
    kind = np.concatenate([2 * kind, 2 * kind[both] + 1])  # odd: read backwards
    del one, other, both
    every = sorted(
        (*way, number, turn) for number, k in enumerate(KINDS) for turn, way in enumerate(k)
    )
    rank = np.empty(2 * len(KINDS), np.int64)
    rank[[2 * number + turn for *_, number, turn in every]] = np.arange(len(every))
    keys = (head * nodes + tail) * len(every) + rank[kind]
    del head, tail, kind
    keys.sort()
    with TableWriter("relations", folder / "relations.parquet") as out:
        for start in range(0, len(keys), BATCH):
            ends, kind = np.divmod(keys[start : start + BATCH], len(every))
            head, tail = np.divmod(ends, nodes)
            rel, rela = (pa.array([way[field] for way in every]) for field in range(2))
            sab = pa.array(SOURCES).take(pa.array(kind % len(SOURCES)))
            columns = [
                cuis(head),
                cuis(tail),
                rel.take(pa.array(kind)),
                rela.take(pa.array(kind)),
                sab,
            ]
            out.write(pa.table(columns, names=["head", "tail", "rel", "rela", "sab"]))


def timed(command: list[str]) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak MiB of a process."""
    whole = ["/usr/bin/time", "-f", "measured %e %U %S %M", *command]
    done = subprocess.run(whole, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        sys.exit(done.stderr)
    words = re.findall(r"^measured (\S+) (\S+) (\S+) (\S+)$", done.stderr, re.MULTILINE)[-1]
    wall, user, system, kilobytes = map(float, words)
    return wall, user + system, kilobytes / 1024


def main() -> None:
    """Make the tables if they are not there, then measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=600_000)
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--flags", nargs="*", default=[], help="more flags of the step, without --")
    args = parser.parse_args()
    folder = args.folder
    if not (folder / "relations.parquet").exists():
        write_tables(folder, args.nodes, args.rows)
    step = [sys.executable, "-m", "bali", "graph", "csr"]
    step += ["--concepts", f"{folder}/concepts.parquet"]
    step += ["--relations", f"{folder}/relations.parquet", "--phrases", "resources/relations.tsv"]
    step += ["--out-dir", f"{folder}/graph", "--counts", f"{folder}/graph/csr.counts.json"]
    step += ["--log", f"{folder}/log", *(f"--{flag}" for flag in args.flags)]
    code = (
        "import sys, time, numpy as np; n = int(sys.argv[1]);"
        "keys = np.random.default_rng(0).integers(0, 2**62, n);"
        "start = time.process_time(); keys.sort(); print(time.process_time() - start)"
    )
    wall, cpu, peak = timed(step)
    edges = np.load(folder / "graph/neighbour.npy", mmap_mode="r").shape[0]
    sort = [sys.executable, "-c", code, str(args.rows)]
    limit = float(subprocess.run(sort, capture_output=True, text=True, check=True).stdout)
    print(f"graph csr: {args.nodes} nodes, {args.rows} rows, {edges} edges")
    print(
        f"  {wall:.1f} s wall, {cpu:.1f} s CPU, {peak:.0f} MiB, {peak * 2**20 / edges:.0f} B/edge"
    )
    print(f"  sort of {args.rows} int64: {limit:.1f} s CPU; ratio {cpu / limit:.1f}")


if __name__ == "__main__":
    main()
