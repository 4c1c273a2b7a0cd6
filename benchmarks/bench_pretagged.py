"""Speed of pre-tagged linking: files to pretagged.parquet, and that to mentions.parquet.

    python benchmarks/bench_pretagged.py --scratch FOLDER [--documents 20000]

Documents of 200 words with 12 mentions of 5,000 identifiers, half of them with other white space in
the file, made by seed. The peer of the index is the bare reader that any tool needs: json.loads a
line, or lxml's iterparse-and-clear over the BioC file; it places nothing, looks nothing up and
writes nothing. Each run is a process of its own, one after the other: processor time, the start of
Python among it, and peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from lxml import etree

from bali.hashing import below
from bali.splitter import split
from bali.storage import from_columns, write_table
from bali.tables import TABLES

PROJECT = Path(__file__).resolve().parents[1]
SEED, WORDS, MENTIONS, IDENTIFIERS = 29, 200, 12, 5_000
FILES = {"bern2": "bern2.jsonl", "bioc": "bioc.xml"}


Mentions = list[tuple[int, str, str]]  # start in the file's text, text, identifier


def documents(number: int) -> Iterator[tuple[int, str, str, str, Mentions]]:
    """PMID, title, abstract, text in the file, and mentions of each document."""
    for pmid in range(1, number + 1):
        drawn = below(50_000, SEED, pmid, np.arange(WORDS)).tolist()
        words = [f"w{word}" for word in drawn]
        words[9::10] = [f"{word}." for word in words[9::10]]
        space = "  " if pmid % 2 else " "
        starts = np.cumsum([0, *(len(word) + len(space) for word in words)]).tolist()
        chosen = sorted(set(below(WORDS, SEED, pmid, np.arange(MENTIONS), 7).tolist()))
        mentions = [
            (starts[n], words[n].rstrip("."), f"mesh:D{drawn[n] % IDENTIFIERS:06d}") for n in chosen
        ]
        title = " ".join(words[:10])
        yield pmid, title, " ".join(words[10:]), space.join(words), mentions


def write_input(folder: Path, number: int) -> None:
    """Write both files and the tables of one shard."""
    rows: dict[str, list[object]] = {name: [] for name in TABLES["documents"].columns}
    spans: dict[str, list[object]] = {name: [] for name in TABLES["sentences"].columns}
    empty = dict.fromkeys(rows, "") | {
        "sections": [], "languages": [], "mesh": [], "publication_types": [], "year": None,
        "retracted": False, "version": 1,
    }  # fmt: skip
    with (folder / FILES["bern2"]).open("w") as bern2, (folder / FILES["bioc"]).open("w") as bioc:
        bioc.write("<collection>")
        for pmid, title, abstract, text, mentions in documents(number):
            annotations = [
                {"id": [i], "mention": m, "obj": "disease", "prob": 0.9,
                 "span": {"begin": start, "end": start + len(m)}}
                for start, m, i in mentions
            ]  # fmt: skip
            record = {"pmid": str(pmid), "text": text, "annotations": annotations}
            bern2.write(json.dumps(record) + "\n")
            parts = "".join(
                f'<annotation id="{n}"><infon key="identifier">{i}</infon>'
                '<infon key="type">Disease</infon>'
                f'<location offset="{start}" length="{len(m)}"/><text>{m}</text></annotation>'
                for n, (start, m, i) in enumerate(mentions)
            )
            bioc.write(
                f'<document><id>{pmid}</id><passage><infon key="type">abstract</infon><offset>0'
                f"</offset><text>{escape(text)}</text>{parts}</passage></document>\n"
            )
            for name, value in (
                empty | {"pmid": pmid, "title": title, "abstract": abstract}
            ).items():
                rows[name].append(value)
            whole = f"{title} {abstract}"
            for n, (start, end) in enumerate(split(title) + split(whole, len(title) + 1)):
                for name, value in zip(spans, (pmid, 1, n, start, end), strict=True):
                    spans[name].append(value)
        bioc.write("</collection>")
    write_table("documents", from_columns("documents", rows), folder / "documents.parquet")
    write_table("sentences", from_columns("sentences", spans), folder / "sentences.parquet")
    cuis = [f"C{n:07d}" for n in range(IDENTIFIERS)]
    tables = {
        "concepts": {"cui": cuis, "name": cuis},
        "codes": {"cui": cuis, "sab": ["MSH"] * IDENTIFIERS,
                  "code": [f"D{n:06d}" for n in range(IDENTIFIERS)]},
        "names": {"cui": cuis, "name": cuis, "sab": cuis, "tty": cuis,
                  "preferred": [True] * IDENTIFIERS},
        "retired": {"cui": [], "successor": []},
        "semantic_types": {"cui": [], "tui": [], "sty": []},
        "heldout": {"cui": ["C0000001"], "name": ["no name"], "split": ["dev"]},
    }  # fmt: skip
    for name, columns in tables.items():
        write_table(name, from_columns(name, columns), folder / f"{name}.parquet")


def commands(folder: Path, format_: str, threads: int) -> tuple[list[str], list[str]]:
    """`bali linking pretagged_index` and `bali linking pretagged`."""
    python = [sys.executable, "-m", "bali", "linking"]
    index = [
        *python,
        "pretagged_index",
        "--files",
        f"{folder}/{FILES[format_]}",
        "--format",
        format_,
    ]
    index += ["--max-decompressed-mb", "100000", "--threads", str(threads)]
    for name in ("concepts", "codes", "retired", "names", "semantic_types"):
        index += [f"--{name.replace('_', '-')}", f"{folder}/{name}.parquet"]
    index += ["--vocabularies", f"{PROJECT}/resources/vocabularies.tsv"]
    index += ["--semantic-groups", f"{PROJECT}/resources/semantic_groups.tsv"]
    index += ["--out", f"{folder}/pretagged.parquet", "--counts", f"{folder}/index.counts.json"]
    shard = [*python, "pretagged", "--max-candidates", "3", "--steps", "plural"]
    for name in ("documents", "sentences", "pretagged", "heldout"):
        shard += [f"--{name}", f"{folder}/{name}.parquet"]
    shard += ["--equivalents", f"{PROJECT}/resources/equivalent_words.tsv"]
    shard += ["--out", f"{folder}/mentions.parquet", "--counts", f"{folder}/mentions.counts.json"]
    return index, shard


def bare(folder: Path, format_: str) -> None:
    """The peer: read a file and keep nothing."""
    path = folder / FILES[format_]
    if format_ == "bern2":
        with path.open() as lines:
            for line in lines:
                json.loads(line)
        return
    for _, element in etree.iterparse(str(path), tag="document"):
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def measure(command: list[str]) -> tuple[float, float]:
    """Processor time in s and peak memory in MB of a command."""
    done = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(done.pid, 0)
    if status:
        raise SystemExit(f"{command[3:5]} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1000


def main() -> None:
    """Make the input, run us and the peer in turn, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--bare", choices=FILES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.bare:
        bare(args.scratch, args.bare)
        return
    args.scratch.mkdir(parents=True, exist_ok=True)
    write_input(args.scratch, args.documents)
    print("| format | round | peer s | index s | ratio | doc/s | MB | shard s | doc/s | MB |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for format_ in FILES:
        peer = [sys.executable, __file__, "--scratch", str(args.scratch), "--bare", format_]
        index, shard = commands(args.scratch, format_, 1)
        for number in range(args.rounds):
            (bare_s, _), *ours = map(measure, (peer, index, shard))
            (index_s, index_mb), (shard_s, shard_mb) = ours
            ratio = index_s / bare_s
            print(
                f"| {format_} | {number + 1} | {bare_s:.1f} | {index_s:.1f} | {ratio:.1f} "
                f"| {args.documents / index_s:,.0f} | {index_mb:.0f} | {shard_s:.1f} "
                f"| {args.documents / shard_s:,.0f} | {shard_mb:.0f} |"
            )


if __name__ == "__main__":
    main()
