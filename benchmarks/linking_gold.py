"""Linking against gold: the dictionary linker, stock scispaCy and case-folded longest match.

    python benchmarks/linking_gold.py --part train     # what the linker was tuned on
    python benchmarks/linking_gold.py --part dev       # what is reported

The knowledge base is ../shared/data/doid/META merged with the demo's HPO, built once into the
folder that --scratch names, with no name held out. All read the same names; gold identifiers go
through ../shared/data/maps, unmappable gold is left out (bali/linking/metrics.py).

- acc@1, acc@5 on gold spans: beside scispaCy's CandidateGenerator over the span's text, best
  similarity first.
- strict F1: beside the longest match of names in lower case at word boundaries, of several
  concepts the one that prefers the name, then the lower CUI. It is also scored over the names of
  disorders only, because the linker's choice of semantic types is open to it too.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import yaml

from bali.gold.identifiers import Identifiers
from bali.gold.pubtator import read_pubtator
from bali.linking.build import build_linker
from bali.linking.candidates import CandidateMemory
from bali.linking.goldset import GoldSet, gold_set
from bali.linking.lexicon import make_lexicon
from bali.linking.metrics import KS, MentionScore, Predicted, RankScore, Score
from bali.linking.score import memory_of, score, sources_of, table
from bali.linking.settings import Settings, from_config
from bali.linking.store import Store
from bali.linking.types import ranks_of_types
from bali.storage import read_table

PROJECT = Path(__file__).resolve().parent.parent
SHARED = PROJECT.parent / "shared" / "data"
SETS = {
    "NCBI Disease": ({"train": "NCBItrainset", "dev": "NCBIdevelopset"}, "ncbi_disease", []),
    "BC5CDR disease": ({"train": "train", "dev": "dev"}, "bc5cdr", ["Disease"]),
}
# Disorders, diseases before findings.
TYPES = "T047 T191 T048 T046 T019 T020 T037 T190 T049 T050 T184 T033".split()
_WORD = re.compile(r"\w+")


def build(results: Path) -> None:
    """Build the knowledge base, if it is not there."""
    if (results / "linking" / "kb" / "names" / "lexicon.json").is_file():
        return
    umls, hpo = results / "umls", results / "hpo" / "META"

    def bali(*words: object) -> None:
        command = [sys.executable, "-m", "bali", *map(str, words)]
        log = results / f"{words[0]}.{words[1]}.log"
        subprocess.run([*command, "--log", str(log)], check=True, cwd=PROJECT)

    bali("demo", "meta", "--release", "2025-01-16", "--out-dir", hpo,
         "--counts", results / "meta.counts.json")  # fmt: skip
    bali("umls", "tables", "--meta", SHARED / "doid" / "META", hpo, "--languages", "ENG",
         "--suppressed", "O", "E", "Y", "--min-names", 3, "--share", 0, "--seed", 29,
         "--semantic-groups", PROJECT / "resources" / "semantic_groups.tsv",
         "--threads", 1, "--memory-mb", 2000, "--out-dir", umls,
         "--counts", results / "tables.counts.json")  # fmt: skip
    bali("linking", "kb", "--names", umls / "names.parquet",
         "--semantic-types", umls / "semantic_types.parquet",
         "--definitions", umls / "definitions.parquet", "--min-df", 1,
         "--out-dir", results / "linking" / "kb",
         "--counts", results / "kb.counts.json")  # fmt: skip
    bali(
        "linking", "index", "--kb", results / "linking" / "kb", "--m", 16, "--ef-construction", 100
    )
    settings = from_config(yaml.safe_load((PROJECT / "config.yaml").read_text())["linking"])
    store = Store(results / "linking" / "kb")
    make_lexicon(sources_of(results), settings).write(store.lexicon)


def gold_of(name: str, part: str, concepts: set[str]) -> GoldSet:
    """A gold set in CUIs of the knowledge base."""
    files, folder, types = SETS[name]
    identifiers = Identifiers(concepts)
    for path in sorted((SHARED / "maps").glob("*.tsv")):
        identifiers.add_file(path)
    return gold_set(
        read_pubtator(SHARED / folder / f"{files[part]}_corpus.txt"), identifiers, types
    )


def stock_scispacy(memory: CandidateMemory, gold: GoldSet) -> RankScore:
    """Candidates of scispaCy for the text of gold spans, the best similarity first."""
    found = RankScore(KS)
    spans = [(d.text[m.start : m.end], m.cuis) for d, ms in gold.documents for m in ms if m.cuis]
    generator = memory.generator
    answers = generator([text for text, _ in spans], 30)
    for (_, cuis), candidates in zip(spans, answers, strict=True):
        best = sorted(candidates, key=lambda c: (-max(c.similarities), c.concept_id))
        found.add([candidate.concept_id for candidate in best], cuis)
    return found


def longest_match(names: list[tuple[str, str, bool]], gold: GoldSet) -> MentionScore:
    """Names in lower case, from left to right the longest at each word."""
    concepts: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    for cui, name, preferred in names:
        lower = name.lower()
        concepts[lower][cui] = concepts[lower].get(cui, False) or preferred
    best = {name: min(cuis, key=lambda c: (not cuis[c], c)) for name, cuis in concepts.items()}
    most = max(len(_WORD.findall(name)) for name in best)
    found = MentionScore()
    for document, mentions in gold.documents:
        text = document.text.lower()
        words = [match.span() for match in _WORD.finditer(text)]
        predicted, first = [], 0
        while first < len(words):
            for last in range(min(len(words), first + most), first, -1):
                span = words[first][0], words[last - 1][1]
                if (cui := best.get(text[slice(*span)])) is not None:
                    predicted.append(Predicted(*span, cui))
                    first = last
                    break
            else:
                first += 1
        found.add(predicted, mentions)
    return found


def main() -> None:
    """Build, score all, print the tables and write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=["train", "dev"], required=True)
    parser.add_argument("--scratch", type=Path, required=True, help="folder for the built KB")
    parser.add_argument("--ablate", action="store_true", help="also without each step")
    parser.add_argument("--out", type=Path, help="JSON file of all figures")
    args = parser.parse_args()
    build(args.scratch)
    sources = sources_of(args.scratch)
    section = yaml.safe_load((PROJECT / "config.yaml").read_text())["linking"]
    # Spans that are near to a name, but none, cost more precision than they bring recall.
    settings = replace(from_config(section), semantic_types=tuple(TYPES)).without("candidates")
    columns = read_table("names", sources.names, ["cui", "name", "preferred"])
    names = list(zip(*(column.to_pylist() for column in columns.columns), strict=True))
    disorders = (
        ranks_of_types(sources.semantic_types, sources.groups, settings.semantic_types) or {}
    )
    every = memory_of(sources, replace(settings, semantic_types=()), section, 1)
    memory = memory_of(sources, settings, section, 1)
    linker = build_linker(sources, settings)
    report = {}
    for name in SETS:
        gold = gold_of(name, args.part, {cui for cui, _, _ in names})
        scores = {
            "scispaCy candidates": Score(ranks=stock_scispacy(every, gold)),
            "longest match": Score(longest_match(names, gold)),
            "longest match, disorders": Score(
                longest_match([row for row in names if row[0] in disorders], gold)
            ),
            "bali": score(linker, gold, memory),
        }
        for what, other in variations(settings, args.ablate).items():
            near = memory if other.semantic_types else every
            scores[what] = score(build_linker(sources, other), gold, near)
        print(f"\n{name}, {args.part}: {gold.facts['mentions']}")
        print(*table(scores), sep="\n")
        mine = scores["bali"]
        f1 = 100 * (mine.mentions.strict.f1 - scores["longest match"].mentions.strict.f1)
        first = mine.ranks.accuracy(1) - scores["scispaCy candidates"].ranks.accuracy(1)
        print(f"strict F1 {f1:+.1f} points, acc@1 {100 * first:+.1f} points")
        report[name] = {what: one.figures() for what, one in scores.items()}
    if args.out:
        args.out.write_text(json.dumps(report, indent=2) + "\n")


def variations(settings: Settings, ablate: bool) -> dict[str, Settings]:
    """Settings with one thing changed, by what it is."""
    if not ablate:
        return {}
    found = {f"- {step}": settings.without(step) for step in settings.steps}
    found["- semantic types"] = replace(settings, semantic_types=())
    found["+ candidates"] = replace(settings, steps=(*settings.steps, "candidates"))
    return found


if __name__ == "__main__":
    main()
