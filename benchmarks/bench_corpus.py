"""`bali corpus documents` on one PubMed file, beside bare lxml that parses it and keeps nothing.

    python benchmarks/bench_corpus.py --folder DIR

Makes a file of `--articles` once (generate_pubmed.py), then runs in turn, each in a process of its
own, `--repetitions` times:

- bare: lxml.etree.iterparse over the same gzip stream, each article cleared, nothing else;
- parse: bali's records, made and thrown away;
- step: `bali corpus documents` as the rule runs it: MD5, records, sorted Parquet, counts.

Prints the least processor and wall seconds (others on the machine only add), the peak memory above
that before the work, and the ratio of processor time to bare. All three count the articles, and
the numbers must agree.
`bali corpus sentences` and its rate come last.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
from generate_pubmed import write_file
from lxml import etree

from bali.__main__ import main as bali
from bali.corpus import documents, resolve, sentences  # noqa: F401  imported before the clock runs
from bali.corpus.article import Article
from bali.corpus.xml import read_records
from bali.counts import read_counts
from bali.storage import count_rows

ROOT = Path(__file__).resolve().parent.parent
CAP = 4096  # MB, as in config.yaml


def bare(path: Path, folder: Path) -> int:
    """Parse and clear; returns the number of articles."""
    found = 0
    with gzip.open(path) as stream:
        for _, element in etree.iterparse(stream, tag="PubmedArticle"):
            found += 1
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    return found


def parse(path: Path, folder: Path) -> int:
    """Make the records."""
    return sum(isinstance(record, Article) for record in read_records(path, CAP))


def step(path: Path, folder: Path) -> int:
    """Run the step; returns the records that it read."""
    words = ["corpus", "documents", "--xml", path, "--md5", f"{path}.md5"]
    words += ["--max-decompressed-mb", CAP, "--out", folder / "documents.parquet"]
    words += ["--deletions", folder / "deletions.parquet", "--log", folder / "documents.log"]
    words += ["--counts", folder / "documents.counts.json"]
    if bali([str(word) for word in words]):
        sys.exit("the step failed")
    return int(read_counts(folder / "documents.counts.json")["tables"]["documents"]["read"])


def cut(path: Path, folder: Path) -> int:
    """Run `bali corpus sentences`; returns the sentences."""
    words = ["corpus", "sentences", "--documents", folder / "documents.parquet"]
    words += ["--out", folder / "sentences.parquet", "--log", folder / "sentences.log"]
    words += ["--counts", folder / "sentences.counts.json"]
    if bali([str(word) for word in words]):
        sys.exit("the step failed")
    return count_rows("sentences", folder / "sentences.parquet")


WORK = {"bare": bare, "parse": parse, "step": step, "sentences": cut}


def work(name: str, path: Path, folder: Path) -> None:
    """Do one piece of work in this process; print what it took as JSON."""
    pa.array([""])  # loads what pyarrow loads at first use: pandas, 45 MB
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew: proc_pid_clear_refs(5)
    before, wall, cpu = _peak_mb(), time.perf_counter(), time.process_time()
    found = WORK[name](path, folder)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    print(json.dumps({"found": found, "cpu": cpu, "wall": wall, "mb": _peak_mb() - before}))


def _peak_mb() -> float:
    """Peak resident set of this process; getrusage would give its parent's if that was larger."""
    [line] = [s for s in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in s]
    return int(line.split()[1]) * 1024 / 1e6


def main() -> None:
    """Make the file if it is not there, then measure in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--articles", type=int, default=30_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--work", choices=WORK, help="one piece of work, in this process")
    args = parser.parse_args()
    path = args.folder / f"pubmed99n{args.articles}.xml.gz"
    if args.work:
        work(args.work, path, args.folder)
        return
    args.folder.mkdir(parents=True, exist_ok=True)
    if not Path(f"{path}.md5").exists():
        write_file(path, args.articles, seed=29)
    command = [sys.executable, __file__, "--folder", args.folder, "--articles", str(args.articles)]
    took: dict[str, list[dict[str, float]]] = {name: [] for name in WORK}
    for _ in range(args.repetitions):
        for name, runs in took.items():
            done = subprocess.run(
                [*command, "--work", name], cwd=ROOT, check=True, stdout=subprocess.PIPE
            )
            runs.append(json.loads(done.stdout))
    if {run["found"] for name in ("bare", "parse", "step") for run in took[name]} != {
        args.articles
    }:
        sys.exit(f"not all found {args.articles} articles: {took}")
    base = min(run["cpu"] for run in took["bare"])
    print(f"{path.name}: {args.articles} articles, {path.stat().st_size / 1e6:.0f} MB packed")
    for name, runs in took.items():
        cpu, wall = (min(run[key] for run in runs) for key in ("cpu", "wall"))
        mb = max(run["mb"] for run in runs)
        line = f"  {name:10} {cpu:6.2f} s CPU {wall:6.2f} s wall {mb:6.0f} MB above start"
        if name == "sentences":
            print(f"{line}, {runs[0]['found'] / cpu:,.0f} sentences/s")
        else:
            print(f"{line}, ratio {cpu / base:.2f}")


if __name__ == "__main__":
    main()
