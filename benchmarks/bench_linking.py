"""Speed of linking beside stock scispaCy, on the abstracts of NCBI Disease and BC5CDR.

    python benchmarks/bench_linking.py --scratch FOLDER      # as of linking_gold.py

The peer is a blank English pipeline with scispaCy's own linker over the same knowledge base. Its
mentions are those that our dictionary found: mention detection costs it nothing. Processor time of
one thread each, in turn; building the dictionary and loading the index are told apart.
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import replace
from pathlib import Path

import spacy
import yaml
from linking_gold import PROJECT, SETS, build, gold_of
from scispacy.linking import EntityLinker

from bali.linking.build import build_linker
from bali.linking.draft import Document
from bali.linking.linker import Linker
from bali.linking.score import sources_of
from bali.linking.settings import Settings, from_config


def documents() -> list[Document]:
    """All abstracts, numbered."""
    found = [
        document
        for name in SETS
        for part in ("train", "dev")
        for document, _ in gold_of(name, part, set()).documents
    ]
    return [document._replace(pmid=number) for number, document in enumerate(found)]


def ours(texts: list[Document], settings: Settings, scratch: Path) -> tuple[float, float, list]:
    """Seconds to build, seconds to link, and the rows of chosen candidates."""
    start = time.process_time()
    linker = build_linker(sources_of(scratch), settings, 1)
    built = time.process_time()
    rows = [row for row in linker.link(texts) if row.rank == 0]
    return built - start, time.process_time() - built, rows


def scispacy(texts: list[Document], spans: dict[int, list], linker: Linker) -> float:
    """Seconds of a blank pipeline with scispaCy's linker, one document after the other."""
    nlp = spacy.blank("en")
    stock = EntityLinker(candidate_generator=linker.memory.generator, resolve_abbreviations=False)
    start = time.process_time()
    for document in texts:
        doc = nlp.make_doc(document.text)
        found = [
            doc.char_span(*span, label="SPAN", alignment_mode="expand")
            for span in spans.get(document.pmid, [])
        ]
        doc.ents = spacy.util.filter_spans(found)
        stock(doc)
    return time.process_time() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    build(args.scratch)
    texts = documents()
    sentences = sum(len(document.sentences) for document in texts)
    settings = from_config(yaml.safe_load((PROJECT / "config.yaml").read_text())["linking"])
    plain = settings.without("candidates")
    linker = build_linker(sources_of(args.scratch), replace(plain, neighbours=30), 1)
    print(f"{len(texts)} documents, {sentences} sentences, one thread, processor time")
    for number in range(args.rounds):
        loaded, names, rows = ours(texts, plain, args.scratch)
        _, everything, _ = ours(texts, settings, args.scratch)
        spans: dict[int, list] = {}
        for row in rows:
            spans.setdefault(row.pmid, []).append((row.start, row.end))
        stock = scispacy(texts, spans, linker)
        print(
            f"round {number + 1}: load {loaded:.1f} s; names {sentences / names:.0f} sentences/s, "
            f"with candidates {sentences / everything:.0f}, scispaCy {sentences / stock:.0f} "
            f"({stock / names:.1f} and {stock / everything:.1f} times its speed)"
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
