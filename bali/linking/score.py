"""`bali linking score`: how well mentions meet a gold corpus in PubTator's layout.

Either the dictionary links the gold documents here, over the knowledge base that the workflow
built, with the settings of the config; `--ablate` takes each step away in turn and says what is
lost. Or `--mentions` names tables of mentions, whoever found them (bali/linking/score_tables.py).

Gold identifiers are turned into CUIs by the table `codes` and by files of identifiers. What cannot
be turned is left out and counted (bali/linking/metrics.py says how).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from bali.config import read_config
from bali.errors import InputError
from bali.files import write_json
from bali.gold.identifiers import Identifiers
from bali.gold.pubtator import read_pubtator
from bali.linking.build import Sources, build_linker, load_linker
from bali.linking.candidates import CandidateMemory
from bali.linking.goldset import GoldSet, gold_set
from bali.linking.linker import Linker
from bali.linking.metrics import KS, Predicted, Score
from bali.linking.score_tables import score_tables
from bali.linking.settings import Settings, from_config
from bali.linking.store import Store
from bali.linking.types import ranks_of_types
from bali.linking.variants import TABLE as EQUIVALENTS
from bali.log import progress
from bali.semantic_groups import TABLE as GROUPS
from bali.storage import read_table

BLOCK = 100  # documents linked together


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali linking score`."""
    parser.add_argument("gold", type=Path, help="gold mentions in PubTator's layout")
    parser.add_argument(
        "--identifiers", type=Path, nargs="*", default=[], metavar="TSV",
        help="files with columns <vocabulary>_id and cuis",
    )  # fmt: skip
    parser.add_argument("--types", nargs="*", default=[], help="types of gold mentions to score")
    parser.add_argument(
        "--mentions", type=Path, nargs="+", metavar="PARQUET",
        help="score these tables of mentions; nothing is linked here",
    )  # fmt: skip
    parser.add_argument(
        "--semantic-types", nargs="*", metavar="TYPE",
        help="TUIs or groups that are mentions, in the place of linking.semantic_types",
    )  # fmt: skip
    parser.add_argument(
        "--config", type=Path, help="what differs from config.yaml, as for `snakemake --configfile`"
    )
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--without", nargs="*", default=[], metavar="STEP", help="steps left out")
    parser.add_argument("--ablate", action="store_true", help="also score without each step")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, help="JSON file of all figures")


def run(args: argparse.Namespace) -> None:
    """Print the figures; write them where a file is named."""
    sources = sources_of(args.results)
    section = read_config(args.config)["linking"]
    settings = _settings(section, args)
    gold = gold_set(read_pubtator(args.gold), _identifiers(args, sources), args.types)
    if not gold.facts["mentions"]["scored"]:
        raise InputError(
            f"{args.gold}: no mention to score: {gold.facts['mentions']}; check --types and "
            "--identifiers"
        )
    if args.mentions:
        scores = {"mentions": score_tables(args.mentions, gold)}
    else:
        memory = memory_of(sources, settings, section, args.threads)
        scores = {"all steps": score(_linker(sources, settings), gold, memory)}
        for step in settings.steps if args.ablate else ():
            without = build_linker(sources, settings.without(step))
            scores[f"without {step}"] = score(without, gold, memory)
    lines = [f"{what}: {value}" for what, value in gold.facts.items()]
    sys.stdout.write("\n".join([*lines, "", *table(scores)]) + "\n")
    if args.out:
        figures = {name: one.figures() for name, one in scores.items()}
        write_json(args.out, {"gold": gold.facts, "scores": figures})


def _linker(sources: Sources, settings: Settings) -> Linker:
    """The linker over the lexicon that the workflow built, or over a new one for other settings."""
    try:
        return load_linker(sources.kb, settings)
    except InputError:
        return build_linker(sources, settings)


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
    if args.mentions and (args.without or args.ablate or args.semantic_types is not None):
        raise InputError(
            "--mentions: --without, --ablate and --semantic-types are of the dictionary"
        )
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
