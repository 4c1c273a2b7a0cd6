"""Speed of linking: sentences.parquet to mentions.parquet, beside stock scispaCy and with 1M names.

    python benchmarks/bench_linking.py --scratch FOLDER      # as of linking_gold.py

20,000 sentences of real abstracts: NCBI Disease, BC5CDR and PubMedQA in ../shared/data. The peer is
a blank English pipeline with scispaCy's own linker over the same knowledge base (k=30, threshold
0.7: its defaults). Its mentions are those that our dictionary found: mention detection costs it
nothing, nor do reading and writing, which ours does. Each run is a process of its own, one after
the other: processor time of one thread, and peak memory. Loading is told apart.

--names 1000000 makes a lexicon of so many names, the real ones with one or two words of other names
added, each three names a concept, and links the same sentences against it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pyarrow as pa
import yaml
from linking_gold import PROJECT, SETS, SHARED, build, gold_of

from bali.hashing import below
from bali.linking.build import load_linker
from bali.linking.candidates import CandidateMemory
from bali.linking.documents import Document, read_documents
from bali.linking.lexicon import NameTables, make_lexicon
from bali.linking.mentions import link_shard
from bali.linking.score import sources_of
from bali.linking.settings import Settings, from_config
from bali.linking.store import Store
from bali.splitter import split
from bali.storage import from_columns, read_table, write_table
from bali.tables import TABLES

SENTENCES = 20_000
SEED = 29


def documents() -> Iterator[Document]:
    """Real abstracts."""
    for name in SETS:
        for part in ("train", "dev"):
            yield from (document for document, _ in gold_of(name, part, set()).documents)
    questions = json.loads((SHARED / "pubmedqa" / "ori_pqal_traindev.json").read_text())
    for question in questions.values():
        text = " ".join([question["QUESTION"], *question["CONTEXTS"], question["LONG_ANSWER"]])
        yield Document(0, 1, text, split(text))


def write_input(scratch: Path) -> None:
    """Write the tables of so many sentences, their documents numbered; the last one is cut."""
    texts: dict[str, list] = {name: [] for name in TABLES["documents"].columns}
    spans: dict[str, list] = {name: [] for name in TABLES["sentences"].columns}
    for pmid, document in enumerate(documents()):
        left = SENTENCES - len(spans["pmid"])
        if not left:
            break
        values = {"pmid": pmid, "version": 1, "title": "", "abstract": document.text}
        for column, entries in texts.items():
            kind = TABLES["documents"].schema.field(column).type
            entries.append(values.get(column, _nothing(kind)))
        for number, (start, end) in enumerate(document.sentences[:left]):
            row = (pmid, 1, number, start + 1, end + 1)  # the empty title, one space
            for entries, value in zip(spans.values(), row, strict=True):
                entries.append(value)
    if len(spans["pmid"]) != SENTENCES:
        sys.exit(f"only {len(spans['pmid'])} sentences in {SHARED}")
    write_table("documents", from_columns("documents", texts), scratch / "documents.parquet")
    write_table("sentences", from_columns("sentences", spans), scratch / "sentences.parquet")


def _nothing(kind: pa.DataType) -> object:
    if pa.types.is_list(kind):
        return []
    if pa.types.is_string(kind):
        return ""
    return False if pa.types.is_boolean(kind) else 0


def more_names(scratch: Path, count: int) -> NameTables:
    """Real names, then as many as wanted with one or two words of others in front."""
    sources = sources_of(scratch)
    names = read_table("names", sources.names)
    real = names["name"].to_pylist()
    words = sorted({word for name in real for word in name.split() if word.isalpha()})
    more = count - len(real)
    base, first, second = (below(len(w), SEED, n, range(more)) for n, w in
                           enumerate((real, words, [*words, ""])))  # fmt: skip
    added = [
        " ".join([*(w for w in (words[i], [*words, ""][j]) if w), real[k]])
        for k, i, j in zip(base, first, second, strict=True)
    ]
    numbers = range(more)
    table = {
        "cui": [f"D{number // 3:07d}" for number in numbers],
        "name": added,
        "sab": ["MADE"] * more,
        "tty": ["SY"] * more,
        "preferred": [number % 3 == 0 for number in numbers],
    }
    folder = scratch / f"names-{count}"
    path = folder / "names.parquet"
    write_table("names", pa.concat_tables([names, from_columns("names", table)]), path)
    values = {name: getattr(sources, name) for name in NameTables.__dataclass_fields__}
    return NameTables(**values | {"names": path})


def settings_of(*without: str) -> Settings:
    """Those of the demo, with candidates or not."""
    section = yaml.safe_load((PROJECT / "config.yaml").read_text())["linking"]
    steps = [*section["steps"], *({"candidates"} - set(section["steps"]))]
    return from_config(section | {"steps": [step for step in steps if step not in without]})


def ours(scratch: Path, kb: Path, *without: str) -> dict[str, float]:
    """Link all sentences; seconds to load and to link."""
    start = time.process_time()
    linker = load_linker(kb, settings_of(*without))
    loaded = time.process_time()
    out = scratch / "mentions.parquet"
    rows = link_shard(linker, scratch / "documents.parquet", scratch / "sentences.parquet", out)
    return {"load": loaded - start, "link": time.process_time() - loaded, "rows": rows}


def scispacy(scratch: Path, kb: Path) -> dict[str, float]:
    """A blank pipeline with scispaCy's linker, one document after the other."""
    import spacy
    from scispacy.linking import EntityLinker

    found = read_table("mentions", scratch / "mentions.parquet").to_pylist()
    spans: dict[int, list[tuple[int, int]]] = {}
    for row in found:
        if row["rank"] == 0:
            spans.setdefault(row["pmid"], []).append((row["start"], row["end"]))
    texts = list(read_documents(scratch / "documents.parquet", scratch / "sentences.parquet"))
    start = time.process_time()
    section = yaml.safe_load((PROJECT / "config.yaml").read_text())["linking"]
    memory = CandidateMemory(
        Store(kb),
        neighbours=section["neighbours"],
        ef_search=section["hnsw"]["ef_search"],
        threads=1,
    )
    nlp = spacy.blank("en")
    stock = EntityLinker(candidate_generator=memory.generator, resolve_abbreviations=False)
    loaded = time.process_time()
    for document in texts:
        doc = nlp.make_doc(document.text)
        doc.ents = spacy.util.filter_spans(
            [
                doc.char_span(*span, label="SPAN", alignment_mode="expand")
                for span in spans.get(document.pmid, [])
            ]
        )
        stock(doc)
    return {"load": loaded - start, "link": time.process_time() - loaded, "rows": len(found)}


def many(scratch: Path, count: int) -> dict[str, float]:
    """Make the lexicon of so many names."""
    start = time.process_time()
    kb = scratch / f"names-{count}"
    make_lexicon(more_names(scratch, count), settings_of("candidates")).write(Store(kb).lexicon)
    return {"load": 0.0, "link": time.process_time() - start, "rows": count}


def run_role(role: str, scratch: Path, names: int) -> dict[str, float]:
    """One measured run, in this process."""
    kb = scratch / "linking" / "kb"
    figures = {
        "names": lambda: ours(scratch, kb, "candidates"),
        "candidates": lambda: ours(scratch, kb),
        "scispacy": lambda: scispacy(scratch, kb),
        "build": lambda: many(scratch, names),
        "many": lambda: ours(scratch, scratch / f"names-{names}", "candidates"),
    }[role]()
    return figures | {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def measured(role: str, args: argparse.Namespace) -> dict[str, float]:
    """One measured run, in a process of its own."""
    command = [sys.executable, __file__, "--scratch", args.scratch, "--names", args.names]
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    run = subprocess.run(
        [*map(str, command), "--role", role], check=True, stdout=subprocess.PIPE,
        env=os.environ | threads,
    )  # fmt: skip
    return json.loads(run.stdout.splitlines()[-1])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--names", type=int, default=1_000_000, help="0: not with so many names")
    parser.add_argument("--role", help="one run of a round, in this process")
    args = parser.parse_args()
    if args.role:
        print(json.dumps(run_role(args.role, args.scratch, args.names)))
        return
    build(args.scratch)
    write_input(args.scratch)
    print(f"{SENTENCES} sentences, one thread, processor time")
    titles = {
        "names": "names, variants, short forms", "scispacy": "stock scispaCy, the same mentions",
        "candidates": "with candidates",
    }  # fmt: skip
    rates: dict[str, list[float]] = {role: [] for role in titles}
    for number in range(args.rounds):
        for role, title in titles.items():
            show(title, found := measured(role, args))
            rates[role].append(SENTENCES / found["link"])
        peer = rates["scispacy"][number]
        print(f"round {number + 1}: {rates['names'][number] / peer:.1f} times scispaCy's speed, "
              f"with candidates {rates['candidates'][number] / peer:.1f}")  # fmt: skip
    ratio = median(a / b for a, b in zip(rates["names"], rates["scispacy"], strict=True))
    print(f"median {ratio:.1f} times scispaCy's speed")
    if args.names:
        built = measured("build", args)
        print(f"lexicon of {args.names} names: {built['link']:.1f} s, {built['peak']:.0f} MiB")
        for _ in range(args.rounds):
            show(f"{args.names} names", measured("many", args))


def show(title: str, found: dict[str, float]) -> None:
    """Print a run."""
    print(
        f"{title:34} load {found['load']:5.1f} s, {SENTENCES / found['link']:7.0f} sentences/s, "
        f"{found['rows']:.0f} rows, {found['peak']:.0f} MiB",
        flush=True,
    )


if __name__ == "__main__":
    main()
