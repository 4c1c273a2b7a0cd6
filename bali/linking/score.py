"""`bali linking score`: how well the linker meets a gold corpus in PubTator's layout.

The knowledge base is the one that the workflow built; the settings are those of the config. Gold
identifiers are turned into CUIs by the table `codes` and by files of identifiers. What cannot be
turned is left out and counted (bali/linking/metrics.py says how).

`--ablate` takes each step away in turn and says what is lost.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from bali.errors import InputError
from bali.files import write_json
from bali.gold.identifiers import Identifiers, vocabulary
from bali.gold.pubtator import GoldCorpus, read_pubtator
from bali.gold.sentences import sentence_spans
from bali.linking.build import Sources, build_linker
from bali.linking.candidates import CandidateMemory
from bali.linking.documents import Document
from bali.linking.linker import Linker
from bali.linking.metrics import Gold, MentionScore, Predicted, RankScore, Rates
from bali.linking.settings import Settings, from_config, read_section
from bali.linking.store import Store
from bali.linking.types import ranks_of_types
from bali.linking.variants import TABLE as EQUIVALENTS
from bali.log import progress
from bali.semantic_groups import TABLE as GROUPS
from bali.storage import read_table

KS = (1, 5)
BLOCK = 100  # documents linked together


@dataclass
class GoldSet:
    """Gold in the terms of the knowledge base.

    Attributes:
        documents: each with its gold mentions of the chosen types.
        facts: what was read, kept and left out.
    """

    documents: list[tuple[Document, list[Gold]]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass
class Score:
    """All figures of one linker over one corpus."""

    mentions: MentionScore = field(default_factory=MentionScore)
    ranks: RankScore = field(default_factory=lambda: RankScore(KS))

    def figures(self) -> dict[str, Any]:
        """For the JSON file."""

        def rates(found: Rates) -> dict[str, float]:
            return {
                "precision": found.precision, "recall": found.recall, "f1": found.f1,
                "predicted": found.predicted, "gold": found.gold,
            }  # fmt: skip

        return {
            "strict": rates(self.mentions.strict),
            "overlapping": rates(self.mentions.overlapping),
            "document": rates(self.mentions.document),
            "left out": self.mentions.left_out,
            "gold spans": {
                "spans": self.ranks.spans,
                **{f"acc@{k}": self.ranks.accuracy(k) for k in KS},
            },
        }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali linking score`."""
    parser.add_argument("gold", type=Path, help="gold mentions in PubTator's layout")
    parser.add_argument(
        "--identifiers", type=Path, nargs="*", default=[], metavar="TSV",
        help="files with columns <vocabulary>_id and cuis",
    )  # fmt: skip
    parser.add_argument("--types", nargs="*", default=[], help="types of gold mentions to score")
    parser.add_argument(
        "--semantic-types", nargs="*", metavar="TYPE",
        help="TUIs or groups that are mentions, in the place of linking.semantic_types",
    )  # fmt: skip
    parser.add_argument("--config", type=Path, default=Path("config.yaml"))
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--without", nargs="*", default=[], metavar="STEP", help="steps left out")
    parser.add_argument("--ablate", action="store_true", help="also score without each step")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, help="JSON file of all figures")


def run(args: argparse.Namespace) -> None:
    """Print the figures; write them where a file is named."""
    sources = sources_of(args.results)
    section = read_section(args.config)
    settings = _settings(section, args)
    memory = memory_of(sources, settings, section, args.threads)
    gold = gold_set(read_pubtator(args.gold), _identifiers(args, sources), args.types)
    if not gold.facts["mentions"]["scored"]:
        raise InputError(
            f"{args.gold}: no mention to score: {gold.facts['mentions']}; check --types and "
            "--identifiers"
        )
    scores = {"all steps": score(build_linker(sources, settings), gold, memory)}
    if args.ablate:
        for step in settings.steps:
            without = build_linker(sources, settings.without(step))
            scores[f"without {step}"] = score(without, gold, memory)
    lines = [f"{what}: {value}" for what, value in gold.facts.items()]
    sys.stdout.write("\n".join([*lines, "", *table(scores)]) + "\n")
    if args.out:
        figures = {name: one.figures() for name, one in scores.items()}
        write_json(args.out, {"gold": gold.facts, "scores": figures})


def sources_of(results: Path) -> Sources:
    """Where the workflow writes what a linker is built from."""
    umls = results / "umls"
    return Sources(
        kb=results / "linking" / "kb",
        names=umls / "names.parquet",
        heldout=umls / "heldout.parquet",
        semantic_types=umls / "semantic_types.parquet",
        equivalents=EQUIVALENTS,
        groups=GROUPS,
    )


def memory_of(
    sources: Sources, settings: Settings, section: Mapping[str, Any], threads: int
) -> CandidateMemory:
    """ScispaCy's candidates over the concepts that may be mentions.

    Args:
        sources: where things are.
        settings: of the linker.
        section: `linking` of the config; knows the index's search.
        threads: of the index's search.
    """
    return CandidateMemory(
        Store(sources.kb),
        neighbours=settings.neighbours,
        ef_search=section["hnsw"]["ef_search"],
        threads=threads,
        concepts=ranks_of_types(sources.semantic_types, sources.groups, settings.semantic_types),
    )


def gold_set(corpus: GoldCorpus, identifiers: Identifiers, types: Sequence[str]) -> GoldSet:
    """Turn gold identifiers into concepts.

    Args:
        corpus: as it was read.
        identifiers: what stands for what.
        types: of mentions to score; none scores all.
    """
    gold = GoldSet()
    counts: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    for number, document in enumerate(corpus.documents):
        mentions = []
        for mention in document.mentions:
            if types and not set(types) & set(mention.types):
                counts["of other types"] += 1
                continue
            cuis = frozenset().union(*map(identifiers.cuis, mention.identifiers))
            if cuis:
                counts["scored"] += 1
            elif mention.identifiers:
                counts["of no concept"] += 1
                unknown.update(vocabulary(i) or "other" for i in mention.identifiers)
            else:
                counts["without an identifier"] += 1
            mentions.append(Gold(mention.start, mention.end, cuis))
        linked = Document(number, 1, document.text, sentence_spans(document))
        gold.documents.append((linked, mentions))
    reasons = ("scored", "of no concept", "without an identifier", "of other types")
    gold.facts = {
        "documents": len(corpus.documents),
        "repeated documents": corpus.repeated,
        "mentions": {reason: counts[reason] for reason in reasons},
        "identifiers of no concept": dict(sorted(unknown.items())),
    }
    return gold


def score(linker: Linker, gold: GoldSet, memory: CandidateMemory) -> Score:
    """Link the documents and compare; `memory` knows the names near to gold spans."""
    found = Score()
    documents = progress(gold.documents, "documents", len(gold.documents))
    while block := list(islice(documents, BLOCK)):
        predicted: dict[int, list[Predicted]] = {document.pmid: [] for document, _ in block}
        for row in linker.link([document for document, _ in block]):
            if row.rank == 0:
                predicted[row.pmid].append(Predicted(row.start, row.end, row.cui))
        for document, mentions in block:
            found.mentions.add(predicted[document.pmid], mentions)
            known = [mention for mention in mentions if mention.cuis]
            ranked = linker.rank(document, [(m.start, m.end) for m in known], max(KS), memory)
            for mention, cuis in zip(known, ranked, strict=True):
                found.ranks.add(cuis, mention.cuis)
    return found


def table(scores: dict[str, Score]) -> Iterable[str]:
    """The figures as text, in percent, a line a score; a dash where nothing was scored."""
    width = max(map(len, scores))
    columns = ("P", "R", "F1", "overlap F1", "document F1", *(f"acc@{k}" for k in KS))
    yield f"{'strict':>{width + 8}}"
    yield "".join([" " * width, *(f"{n:>{max(len(n) + 3, 6)}}" for n in columns)])
    for name, one in scores.items():
        found = one.mentions
        values: list[float | None] = [None] * 5
        if found.strict.gold:
            values = [found.strict.precision, found.strict.recall, found.strict.f1]
            values += [found.overlapping.f1, found.document.f1]
        values += [one.ranks.accuracy(k) if one.ranks.spans else None for k in KS]
        cells = ["-" if value is None else f"{100 * value:.1f}" for value in values]
        pairs = zip(columns, cells, strict=True)
        yield "".join([f"{name:{width}}", *(f"{c:>{max(len(n) + 3, 6)}}" for n, c in pairs)])


def _settings(section: Mapping[str, Any], args: argparse.Namespace) -> Settings:
    settings = from_config(section)
    if args.semantic_types is not None:
        settings = replace(settings, semantic_types=tuple(args.semantic_types))
    for step in args.without:
        if step not in settings.steps:
            raise InputError(f"--without {step}: none of {', '.join(settings.steps)}")
        settings = settings.without(step)
    return settings


def _identifiers(args: argparse.Namespace, sources: Sources) -> Identifiers:
    concepts = set(read_table("names", sources.names, ["cui"])["cui"].to_pylist())
    identifiers = Identifiers(concepts)
    identifiers.add_retired(args.results / "umls" / "retired.parquet")
    identifiers.add_codes(args.results / "umls" / "codes.parquet")
    for path in args.identifiers:
        identifiers.add_file(path)
    return identifiers
