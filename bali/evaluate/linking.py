"""Zero-shot entity linking of gold mentions: the nearest name's concept is the answer.

Each distinct mention is compared with every name of the dictionary; a concept scores as its most
similar name. The dictionary is the knowledge base's names, or files in BioSyn's layout. With
`--context` the mention's vector is pooled inside its sentence, as in training.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bali.errors import InputError
from bali.evaluate.questions import (
    LAYOUTS,
    Concepts,
    Question,
    Questions,
    read_pmids,
    read_questions,
    sets_of,
)
from bali.evaluate.ranking import Dictionary, Places
from bali.evaluate.result import Result, add_result_arguments, ranking_scores, write_result
from bali.evaluate.scorer import add_scorer_arguments, build_similarity, load_encoder
from bali.evaluate.search import rank_all
from bali.evaluate.vectors import unit
from bali.gold.biosyn import read_dictionary
from bali.gold.identifiers import Identifiers
from bali.semantic_groups import read_semantic_groups
from bali.storage import read_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali evaluate linking`."""
    parser.add_argument("--gold", type=Path, nargs="+", required=True, help="files of one layout")
    parser.add_argument("--layout", choices=LAYOUTS, required=True)
    parser.add_argument("--train", type=Path, nargs="*", default=[], help="their training part")
    parser.add_argument("--pmids", type=Path, help="take these documents alone, one PMID a line")
    parser.add_argument("--train-pmids", type=Path, help="the same of the training part")
    parser.add_argument("--types", nargs="*", default=[], help="types of mentions; none: all")
    parser.add_argument("--names", type=Path, required=True, help="table of names")
    parser.add_argument(
        "--dictionary", type=Path, nargs="*", default=[], help="identifier||name files instead"
    )
    parser.add_argument("--retired", type=Path, help="table of retired CUIs")
    parser.add_argument("--codes", type=Path, help="table of codes: identifiers of sources")
    parser.add_argument(
        "--identifiers", type=Path, nargs="*", default=[], help="files <vocabulary>_id, cuis"
    )
    parser.add_argument("--semantic-types", type=Path, help="table; for accuracy by group")
    parser.add_argument("--expand-abbreviations", action="store_true", help="by their document")
    parser.add_argument("--context", action="store_true", help="the mention inside its sentence")
    parser.add_argument("--context-tokens", type=int, default=128, help="longest sentence")
    add_scorer_arguments(parser)
    add_result_arguments(parser)


def run(args: argparse.Namespace) -> None:
    """Rank all concepts for every mention and write accuracies with intervals."""
    if args.context and args.model is None:
        raise InputError("--context: only a language model reads sentences; give --model")
    dictionary = read_names(args)
    concepts = concepts_of(args, dictionary)
    options = {"types": args.types, "spell_out": args.expand_abbreviations}
    questions = _read(args.gold, args.pmids, args, concepts, options)
    train = _read(args.train, args.train_pmids, args, concepts, options) if args.train else None
    asked = questions.asked
    files = [args.names, *args.dictionary, *_files(args.gold), *_files(args.train)]
    optional = (args.pmids, args.train_pmids, args.retired, args.codes, args.semantic_types)
    files += [*args.identifiers, *(path for path in optional if path)]
    result = Result(
        kind="linking",
        unit="document",
        units=[question.document for question in asked],
        scores=ranking_scores(rank_questions(args, asked, dictionary)) if asked else {},
        sets=sets_of(asked, dictionary.strings, train.asked if train else None),
        files=files,
        counts=questions.counts,
        labels=semantic_groups(args, asked),
        facts={
            "names": len(dictionary.string),
            "concepts": len(dictionary.cuis),
            "documents": questions.documents,
            "spelt out": questions.spelt_out,
        },
    )
    settings = {
        "layout": args.layout,
        "types": args.types,
        "expand_abbreviations": args.expand_abbreviations,
        "context": args.context,
        "batch_size": args.batch_size,
        "max_tokens": args.max_tokens,
    }
    write_result(args, result, settings)


def read_names(args: argparse.Namespace) -> Dictionary:
    """The dictionary that flags name.

    Raises:
        InputError: a file is missing or of another layout.
    """
    if not args.dictionary:
        return Dictionary.from_names(read_table("names", args.names, ["cui", "name"]))
    if args.vectors:
        raise InputError("--vectors: those of --names; leave it out where there is a --dictionary")
    cui, name = zip(*read_dictionary(args.dictionary), strict=True)
    return Dictionary.from_names(pa.table({"cui": cui, "name": name}))


def concepts_of(args: argparse.Namespace, dictionary: Dictionary) -> Concepts:
    """What identifiers stand for: with a dictionary of its own themselves, else CUIs by maps."""
    known = set(dictionary.cuis)
    if args.dictionary:
        return lambda identifier: {identifier} & known
    identifiers = Identifiers(known)
    if args.retired:
        identifiers.add_retired(args.retired)
    if args.codes:
        identifiers.add_codes(args.codes)
    for path in args.identifiers:
        identifiers.add_file(path)
    return identifiers.cuis


def rank_questions(
    args: argparse.Namespace, asked: list[Question], dictionary: Dictionary
) -> Places:
    """Places of the gold concepts; equal questions are ranked once."""
    number: dict[tuple[object, ...], int] = {}
    row = []
    distinct: list[Question] = []
    for question in asked:
        place = question[4:] if args.context else ()
        key = (question.text, question.cuis, *place)
        if key not in number:
            number[key] = len(distinct)
            distinct.append(question)
        row.append(number[key])
    places = dictionary.places()
    gold = [np.array([places[cui] for cui in q.cuis], np.int64) for q in distinct]
    similarity = build_similarity(
        args, [q.text for q in distinct], dictionary.strings, _in_context(args, distinct)
    )
    return rank_all(similarity, gold, dictionary).take(np.array(row, np.int64))


def _in_context(args: argparse.Namespace, asked: list[Question]) -> NDArray[np.float32] | None:
    if not args.context:
        return None
    from bali.evaluate.context import encode_mentions  # late: the baselines need no torch

    encoder = load_encoder(args, args.model)
    spans = [(q.sentence, q.start, q.end) for q in asked]
    return unit(encode_mentions(encoder, spans, args.batch_size, args.context_tokens), args.model)


def semantic_groups(args: argparse.Namespace, asked: list[Question]) -> dict[str, list[str]]:
    """The semantic group of each question's first gold concept, by the first of its types."""
    if not args.semantic_types:
        return {}
    rows = read_table("semantic_types", args.semantic_types, ["cui", "tui"])
    group_of = read_semantic_groups().group_of
    group: dict[str, str] = {}
    for cui, tui in zip(rows["cui"].to_pylist(), rows["tui"].to_pylist(), strict=True):
        group.setdefault(cui, group_of.get(tui, ""))
    return {"semantic group": [group.get(question.cuis[0], "") for question in asked]}


def _read(
    paths: list[Path],
    pmids: Path | None,
    args: argparse.Namespace,
    concepts: Concepts,
    options: dict[str, object],
) -> Questions:
    documents: Collection[str] | None = read_pmids(pmids) if pmids else None
    return read_questions(paths, args.layout, concepts, documents=documents, **options)  # type: ignore[arg-type]


def _files(paths: list[Path]) -> list[Path]:
    """Files, and those of folders."""
    return [f for path in paths for f in (sorted(path.iterdir()) if path.is_dir() else [path])]
