"""What re-ranking does to ambiguous mentions of gold corpora, by any language model.

    python benchmarks/rerank_gold.py --part dev --scratch FOLDER --model LM

The folder is that of linking_gold.py, the model a folder. The dictionary links the documents; of
the mentions that are gold spans, have several candidates, and a gold concept among these, it is
counted how often a gold concept comes first: by the dictionary's rules, and after
`bali linking rerank`.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import yaml
from linking_gold import PROJECT, SETS, TYPES, build, gold_of

from bali.__main__ import main as bali
from bali.linking.build import build_linker
from bali.linking.documents import Document
from bali.linking.score import sources_of
from bali.linking.settings import from_config
from bali.storage import from_columns, read_table, write_table
from bali.tables import TABLES

Span = tuple[int, int, int]  # PMID, start, end
CANDIDATES = 10  # kept for a mention


def write_documents(documents: list[Document], folder: Path) -> None:
    """Write the tables that the step reads; the first word of a text is its title."""
    empty = dict.fromkeys(TABLES["documents"].columns, "") | {
        "sections": [], "languages": [], "mesh": [], "publication_types": [], "year": None,
        "retracted": False,
    }  # fmt: skip
    rows, spans = [], []
    for document in documents:
        title, _, abstract = document.text.partition(" ")
        key = {"pmid": document.pmid, "version": document.version}
        rows.append(empty | key | {"title": title, "abstract": abstract})
        for number, (start, end) in enumerate(document.sentences):
            spans.append(key | {"sentence": number, "start": start, "end": end})
    for table, values in (("documents", rows), ("sentences", spans)):
        columns = {name: [row[name] for row in values] for name in TABLES[table].columns}
        write_table(table, from_columns(table, columns), folder / f"{table}.parquet")


def right(path: Path, gold: dict[Span, frozenset[str]]) -> tuple[int, int]:
    """Ambiguous mentions with a gold concept among their candidates; those where it is first."""
    found: dict[Span, list[str]] = {}
    for row in read_table("mentions", path).to_pylist():
        found.setdefault((row["pmid"], row["start"], row["end"]), []).append(row["cui"])
    asked = {
        span: cuis
        for span, cuis in found.items()
        if len(cuis) > 1 and gold.get(span, frozenset()).intersection(cuis)
    }
    return len(asked), sum(cuis[0] in gold[span] for span, cuis in asked.items())


def main() -> None:
    """Link, re-rank, count and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=["train", "dev"], required=True)
    parser.add_argument("--scratch", type=Path, required=True, help="folder for the built KB")
    parser.add_argument("--model", type=Path, required=True, help="folder of a language model")
    args = parser.parse_args()
    build(args.scratch)
    folder = args.scratch / "rerank"
    folder.mkdir(exist_ok=True)
    section = yaml.safe_load((PROJECT / "config.yaml").read_text())["linking"]
    settings = replace(
        from_config(section), semantic_types=tuple(TYPES), max_candidates=CANDIDATES
    ).without("candidates")
    sources = sources_of(args.scratch)
    linker = build_linker(sources, settings)
    concepts = set(read_table("names", sources.names, ["cui"])["cui"].to_pylist())
    print("| | mentions | by the rules | by the model | another concept first |")
    print("|---|---|---|---|---|")
    for name in SETS:
        corpus = gold_of(name, args.part, concepts).documents
        documents = [d._replace(pmid=n, version=1) for n, (d, _) in enumerate(corpus, 1)]
        gold = {
            (n, m.start, m.end): m.cuis for n, (_, found) in enumerate(corpus, 1) for m in found
        }
        rows = list(linker.link(documents))
        columns = {c: [getattr(row, c) for row in rows] for c in TABLES["mentions"].columns}
        write_table("mentions", from_columns("mentions", columns), folder / "mentions.parquet")
        write_documents(documents, folder)
        words = ["--model", args.model, "--name-pooling", "mean", "--mention-pooling", "mean"]
        words += ["--max-tokens", 128, "--name-tokens", 32, "--batch-size", 64]
        for table in ("mentions", "documents", "sentences"):
            words += [f"--{table}", folder / f"{table}.parquet"]
        words += ["--names", sources.names, "--out", folder / "reranked.parquet"]
        words += ["--counts", folder / "counts.json", "--log", folder / "log"]
        if bali(["linking", "rerank", *map(str, words)]):
            raise SystemExit(2)
        asked, before = right(folder / "mentions.parquet", gold)
        _, after = right(folder / "reranked.parquet", gold)
        changed = json.loads((folder / "counts.json").read_text())["facts"]
        moved = changed["of these with another concept first"]
        print(f"| {name} | {asked} | {before} | {after} | {moved} |", flush=True)


if __name__ == "__main__":
    main()
