"""Rank all concepts for queries over names on disk: peak memory, and CPU time beside faiss.

    OMP_NUM_THREADS=1 python benchmarks/bench_search.py --names 4000000 --dim 768 --queries 64

The names are random unit vectors, two a concept, written to --scratch in chunks and removed in the
end. Ours gives exact ranks of the gold concepts among all, faiss.knn the k nearest names; both read
the same file in the same chunks. Each runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from bali.evaluate.ranking import Dictionary, expected_credit
from bali.evaluate.scorer import cosine_similarity
from bali.evaluate.search import STRINGS, rank_all
from bali.evaluate.vectors import NameVectors

CHUNK = 65_536


def unit_rows(rng: np.random.Generator, rows: int, dim: int) -> np.ndarray:
    found = rng.standard_normal((rows, dim), dtype=np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def write(path: Path, names: int, dim: int) -> None:
    rng = np.random.default_rng(1)
    header = {"descr": "<f4", "fortran_order": False, "shape": (names, dim)}
    with path.open("wb") as out:
        np.lib.format.write_array_header_1_0(out, header)
        for start in range(0, names, CHUNK):
            unit_rows(rng, min(CHUNK, names - start), dim).tofile(out)


def ours(path: Path, gold: np.ndarray, queries: np.ndarray) -> list[float]:
    vectors = NameVectors(path)
    names = vectors.shape[0]
    # two names a concept, and strings as long as names are
    dictionary = Dictionary(
        cuis=[f"C{i:07d}" for i in range(-(-names // 2))],
        strings=[f"a name of thirty characters {i:08d}" for i in range(names)],
        string=np.arange(names),
        concept=np.arange(names) // 2,
    )
    wanted = [np.array([row // 2]) for row in gold]
    places = rank_all(cosine_similarity(queries, vectors), wanted, dictionary)
    return expected_credit(places, 1).tolist()


def theirs(path: Path, gold: np.ndarray, queries: np.ndarray) -> list[float]:
    from bali.evaluate import nearest

    nearest.CHUNK = STRINGS
    _, found = nearest.search(queries, NameVectors(path), 10)
    return (found[:, 0] // 2 == gold // 2).astype(float).tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", type=int, default=4_000_000)
    parser.add_argument("--dim", type=int, default=768)
    parser.add_argument("--queries", type=int, default=64)
    parser.add_argument("--scratch", type=Path)
    parser.add_argument("--only", choices=("ours", "faiss"), help="over --file, in this process")
    parser.add_argument("--file", type=Path)
    args = parser.parse_args()
    if args.only:
        rng = np.random.default_rng(2)
        gold = rng.integers(args.names, size=args.queries)
        vectors = NameVectors(args.file)
        own = np.concatenate([vectors[slice(int(row), int(row) + 1)] for row in gold])
        queries = own + 0.9 * unit_rows(rng, args.queries, args.dim)  # near its name, not on it
        queries /= np.linalg.norm(queries, axis=1, keepdims=True)
        before = resource.getrusage(resource.RUSAGE_SELF)
        hits = (ours if args.only == "ours" else theirs)(args.file, gold, queries)
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(json.dumps({"cpu": cpu, "peak_mb": after.ru_maxrss / 1024, "hits": hits}))
        return
    with tempfile.TemporaryDirectory(dir=args.scratch) as folder:
        path = Path(folder) / "names.npy"
        write(path, args.names, args.dim)
        found = {}
        for name in ("ours", "faiss"):
            command = [sys.executable, __file__, *sys.argv[1:], "--only", name, "--file", str(path)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found[name] = json.loads(done.stdout.splitlines()[-1])
    print(f"{args.names} names of {args.dim} numbers, {args.queries} queries")
    for name, one in found.items():
        print(f"{name:6} {one['cpu']:8.1f} s CPU  peak {one['peak_mb']:6.0f} MB")
    print("the same first concepts:", found["ours"]["hits"] == found["faiss"]["hits"])


if __name__ == "__main__":
    main()
