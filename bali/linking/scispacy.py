"""Documents and sentences of one shard + a spaCy model -> mentions.parquet.

The model, one of scispaCy's or any other with named entities, finds mentions; scispaCy's candidate
generator looks them up in our knowledge base. Short forms are looked up as the document explains
them, as scispaCy does, if `linking.steps` has abbreviations. Offsets are the document's: the model
reads a document's text as it is.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import spacy
from spacy.language import Language

from bali.counts import Counts
from bali.errors import InputError
from bali.linking.abbreviations import find_definitions, spell
from bali.linking.candidates import CandidateMemory
from bali.linking.documents import Document, read_documents
from bali.linking.found import NO_CANDIDATE, Admission, Found, table_of
from bali.linking.heldout import HeldoutNames
from bali.linking.rows import CROSSES, HELDOUT, Row
from bali.linking.settings import STEPS
from bali.linking.store import Store
from bali.linking.types import ranks_of_types
from bali.linking.variants import STEPS as VARIANTS
from bali.linking.variants import Variants, read_equivalents
from bali.log import progress
from bali.storage import TableWriter, read_table

logger = logging.getLogger(__name__)

METHOD = "scispacy"
BLOCK = 500  # documents whose mentions are looked up together

Spans = list[tuple[int, int, str]]  # first code point, the one after the last, string to look up


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali linking scispacy`."""
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--sentences", type=Path, required=True)
    parser.add_argument("--kb", type=Path, required=True, help="folder that `linking kb` wrote")
    parser.add_argument("--model", required=True, help="installed spaCy model, or its folder")
    parser.add_argument("--heldout", type=Path, required=True)
    parser.add_argument("--types", type=Path, required=True, help="semantic_types.parquet")
    parser.add_argument("--equivalents", type=Path, required=True, help="words that mean the same")
    parser.add_argument("--semantic-groups", type=Path, required=True)
    parser.add_argument("--neighbours", type=int, required=True, help="names asked of the index")
    parser.add_argument("--threshold", type=float, required=True, help="least cosine")
    parser.add_argument("--max-candidates", type=int, required=True, help="kept for a mention")
    parser.add_argument("--ef-search", type=int, required=True, help="width of the index's search")
    parser.add_argument("--steps", nargs="*", required=True, help=", ".join(STEPS))
    parser.add_argument("--semantic-types", nargs="*", default=[], metavar="TYPE")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True, help="mentions.parquet")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Link one shard."""
    nlp = load_model(args.model)
    variants = Variants(
        [step for step in VARIANTS if step in args.steps], read_equivalents(args.equivalents)
    )
    heldout = HeldoutNames(
        read_table("heldout", args.heldout, ["name"])["name"].to_pylist(), variants
    )
    memory = CandidateMemory(
        Store(args.kb),
        neighbours=args.neighbours,
        ef_search=args.ef_search,
        threads=args.threads,
        concepts=ranks_of_types(args.types, args.semantic_groups, args.semantic_types),
    )
    admission = Admission(heldout, args.max_candidates, METHOD)
    documents = progress(read_documents(args.documents, args.sentences), "documents")
    read = 0
    with TableWriter("mentions", args.out) as out:
        while block := list(islice(documents, BLOCK)):
            spans = list(find_spans(nlp, block, explain="abbreviations" in args.steps))
            memory.look_up(text for found in spans for _, _, text in found)
            rows: list[Row] = []
            for document, found in zip(block, spans, strict=True):
                read += len(found)
                rows += admission.rows(document, candidates_of(found, memory, args.threshold))
            out.write(table_of(rows))
    counts = Counts("linking.scispacy")
    dropped = dict.fromkeys((CROSSES, HELDOUT, NO_CANDIDATE), 0) | admission.dropped
    counts.add("mentions", read=read, kept=admission.kept, dropped=dropped)
    counts.facts["model"] = f"{nlp.meta['lang']}_{nlp.meta['name']} {nlp.meta['version']}"
    counts.write(args.counts)
    logger.info("%d rows of mentions", out.rows)


def load_model(name: str) -> Language:
    """Load a spaCy pipeline that finds entities.

    Args:
        name: of an installed package, or a folder.

    Raises:
        InputError: it is not installed, cannot be loaded, or finds no entities.
    """
    try:
        nlp = spacy.load(name)
    except Exception as error:  # a model's own code and configuration may fail in any way
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise InputError(
            f"linking.model {name!r}: spaCy cannot load it ({reason}); install the model's package "
            "(scispaCy's page has the addresses of en_core_sci_sm and others), or name its folder"
        ) from error
    if not any("doc.ents" in nlp.get_pipe_meta(pipe).assigns for pipe in nlp.pipe_names):
        raise InputError(
            f"linking.model {name!r}: none of its components ({', '.join(nlp.pipe_names)}) finds "
            "entities; choose a model with `ner`, or declare that yours assigns doc.ents"
        )
    nlp.max_length = 2**31 - 1  # characters; spaCy refuses a text above a million, with a traceback
    return nlp


def find_spans(nlp: Language, documents: Sequence[Document], *, explain: bool) -> Iterator[Spans]:
    """Entities of each document, with the strings to look up.

    Args:
        nlp: finds them.
        documents: whose text is read.
        explain: short forms are looked up as their long forms.
    """
    texts = [document.text for document in documents]
    # one document a batch: what the model finds must not depend on its neighbours' lengths
    for document, doc in zip(documents, nlp.pipe(texts, batch_size=1), strict=True):
        definitions = (
            find_definitions(document.text, document.sentences) if explain and doc.ents else []
        )
        spans = []
        for entity in doc.ents:
            surface = entity.text.strip()
            start = entity.start_char + len(entity.text) - len(entity.text.lstrip())
            if surface:
                text = spell(surface, document.text, definitions)
                spans.append((start, start + len(surface), text))
        yield spans


def candidates_of(spans: Spans, memory: CandidateMemory, threshold: float) -> list[Found]:
    """Spans with their candidates above the threshold, as scispaCy has it."""
    return [
        Found(start, end, [found for found in memory[text] if found[1] > threshold])
        for start, end, text in spans
    ]
