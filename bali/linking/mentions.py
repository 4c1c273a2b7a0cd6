"""Documents and sentences of one shard + knowledge base -> mentions.parquet.

Three kinds of mentions, in this order; a later kind never overlaps an earlier one:

1. exact: a span that is, normalised, a name (bali/linking/dictionary.py);
2. abbreviation: a short form whose long form, as the document explains it, is a name;
3. candidate: a span near to a name by TF-IDF of character 3-grams (scispaCy).

Every kind stays inside one sentence. A span that equals a held-out name, or a short form of one,
is left out whole and counted.
"""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from bali.counts import Counts
from bali.linking.abbreviations import Abbreviations
from bali.linking.candidates import CandidateMemory, Candidates
from bali.linking.dictionary import Dictionary
from bali.linking.spans import WordSpan, candidate_spans, choose
from bali.linking.store import Store
from bali.linking.words import Word, words_of
from bali.log import progress
from bali.storage import (
    TableWriter,
    from_columns,
    read_table,
    stream_table,
)
from bali.tables import TABLES
from bali.text import document_text, normalise

logger = logging.getLogger(__name__)

BLOCK = 2_000  # documents whose spans are looked up together

HELDOUT = "held-out name"
CROSSES = "crosses a sentence end"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali linking mentions`."""
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--sentences", type=Path, required=True)
    parser.add_argument("--kb", type=Path, required=True, help="folder that `linking kb` wrote")
    parser.add_argument("--names", type=Path, required=True)
    parser.add_argument("--heldout", type=Path, required=True)
    parser.add_argument("--min-characters", type=int, required=True, help="shortest name")
    parser.add_argument("--max-words", type=int, required=True, help="longest exact name")
    parser.add_argument("--max-span-words", type=int, required=True, help="longest other span")
    parser.add_argument("--neighbours", type=int, required=True, help="names asked of the index")
    parser.add_argument("--threshold", type=float, required=True, help="least cosine")
    parser.add_argument("--max-candidates", type=int, required=True, help="kept for a mention")
    parser.add_argument("--ef-search", type=int, required=True, help="width of the index's search")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True, help="mentions.parquet")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Link one shard."""
    counts = Counts("linking.mentions")
    names = read_table("names", args.names, ["cui", "name", "preferred"])
    dictionary = Dictionary(
        zip(*(column.to_pylist() for column in names.columns), strict=True),
        read_table("heldout", args.heldout, ["name"])["name"].to_pylist(),
        min_characters=args.min_characters,
        max_words=args.max_words,
    )
    memory = CandidateMemory(
        Store(args.kb),
        neighbours=args.neighbours,
        threshold=args.threshold,
        max_candidates=args.max_candidates,
        ef_search=args.ef_search,
        threads=args.threads,
    )
    linker = Linker(
        dictionary,
        memory,
        min_characters=args.min_characters,
        max_span_words=args.max_span_words,
        max_candidates=args.max_candidates,
    )
    documents = progress(read_documents(args.documents, args.sentences), "documents")
    with TableWriter("mentions", args.out) as out:
        while block := list(islice(documents, BLOCK)):
            rows: dict[str, list[object]] = {name: [] for name in TABLES["mentions"].columns}
            for row in linker.link(block):
                for name, value in zip(rows, row, strict=True):
                    rows[name].append(value)
            out.write(from_columns("mentions", rows))
    linker.tally.enter(counts)
    counts.facts["names"] = dictionary.names
    counts.write(args.counts)
    logger.info("%d rows of mentions", out.rows)


class Document(NamedTuple):
    """A document and the spans of its sentences."""

    pmid: int
    version: int
    text: str
    sentences: list[tuple[int, int]]


class Row(NamedTuple):
    """A row of the table `mentions`."""

    pmid: int
    version: int
    sentence: int
    start: int
    end: int
    text: str
    cui: str
    score: float
    rank: int
    method: str


def read_documents(documents: Path, sentences: Path) -> Iterator[Document]:
    """Documents with their sentences, in the order of the tables.

    Raises:
        InputError: a file is missing or holds another table.
    """
    table = read_table("sentences", sentences)
    spans = [table[name].to_numpy() for name in ("pmid", "version", "start", "end")]
    position = 0  # both tables are sorted by the same key
    for batch in stream_table("documents", documents, ["pmid", "version", "title", "abstract"]):
        for row in batch.to_pylist():
            key = row["pmid"], row["version"]
            found = []
            while position < len(spans[0]) and (spans[0][position], spans[1][position]) == key:
                found.append((int(spans[2][position]), int(spans[3][position])))
                position += 1
            yield Document(*key, document_text(row["title"], row["abstract"]), found)


@dataclass
class Tally:
    """What was found and dropped, over all documents."""

    sentences: int = 0
    mentions: Counter[str] = field(default_factory=Counter)  # by method
    concepts: set[str] = field(default_factory=set)
    exact: Counter[str] = field(default_factory=Counter)  # dropped, by reason
    abbreviation: Counter[str] = field(default_factory=Counter)
    candidate: Counter[str] = field(default_factory=Counter)

    def enter(self, counts: Counts) -> None:
        """Enter all accounts."""
        for unit, method, dropped, reasons in (
            ("names in text", "exact", self.exact, (CROSSES, HELDOUT)),
            (
                "short forms in text",
                "abbreviation",
                self.abbreviation,
                ("long form is no name", HELDOUT, CROSSES, "overlaps an exact mention"),
            ),
            (
                "other spans in text",
                "candidate",
                self.candidate,
                ("no candidate", "overlaps a better span"),
            ),
        ):
            kept = self.mentions[method]
            counts.add(
                unit,
                read=kept + dropped.total(),
                kept=kept,
                dropped={reason: dropped[reason] for reason in reasons},
            )
        counts.facts["sentences"] = self.sentences
        counts.facts["mentions"] = {
            m: self.mentions[m] for m in ("exact", "abbreviation", "candidate")
        }
        counts.facts["concepts"] = len(self.concepts)


@dataclass
class _Draft:
    """A document on its way: its words, its mentions so far, the spans that are to be looked up."""

    document: Document
    words: list[Word]
    taken: list[bool]
    mentions: list[tuple[int, int, int, str, Candidates]]  # sentence, start, end, method
    spans: list[WordSpan]

    def surface(self, span: WordSpan) -> str:
        """The text of a span of words."""
        return self.document.text[self.words[span[0]].start : self.words[span[1] - 1].end]


class Linker:
    """Finds the mentions of documents."""

    def __init__(
        self,
        dictionary: Dictionary,
        memory: CandidateMemory,
        *,
        min_characters: int,
        max_span_words: int,
        max_candidates: int,
    ) -> None:
        """Take the settings of the section `linking` of the config."""
        self._dictionary = dictionary
        self._memory = memory
        self._abbreviations = Abbreviations()
        self._min_characters = min_characters
        self._max_span_words = max_span_words
        self._max_candidates = max_candidates
        self.tally = Tally()

    def link(self, documents: Sequence[Document]) -> Iterator[Row]:
        """Rows of the table `mentions`, in its order, for documents in their order."""
        drafts = [self._draft(document) for document in documents]
        self._memory.look_up(draft.surface(span) for draft in drafts for span in draft.spans)
        for draft in drafts:
            self._add_candidates(draft)
            yield from self._rows(draft)

    def _draft(self, document: Document) -> _Draft:
        words = words_of(document.text, document.sentences)
        draft = _Draft(document, words, [False] * len(words), [], [])
        self._add_exact(draft)
        self._add_abbreviations(draft)
        draft.spans = candidate_spans(
            document.text, words, draft.taken, self._max_span_words, self._min_characters
        )
        self.tally.sentences += len(document.sentences)
        return draft

    def _add_exact(self, draft: _Draft) -> None:
        matches, crossing = self._dictionary.find(draft.words)
        self.tally.exact[CROSSES] += crossing
        for first, last, cuis in matches:
            draft.taken[first:last] = [True] * (last - first)
            if cuis:
                self._add(draft, (first, last), "exact", self._exact(cuis))
            else:
                self.tally.exact[HELDOUT] += 1

    def _add_abbreviations(self, draft: _Draft) -> None:
        dropped = self.tally.abbreviation
        for start, end, long_form in self._abbreviations.find(draft.document.text):
            # the words that the short form touches
            touched = [i for i, w in enumerate(draft.words) if w.start < end and w.end > start]
            cuis = self._dictionary.forms.get(normalise(long_form))
            if cuis is None:
                dropped["long form is no name"] += 1
            elif any(draft.taken[i] for i in touched):
                dropped["overlaps an exact mention"] += 1
            elif len({draft.words[i].sentence for i in touched}) != 1:
                dropped[CROSSES] += 1
            else:
                span = touched[0], touched[-1] + 1
                draft.taken[slice(*span)] = [True] * len(touched)
                if cuis:
                    self._add(draft, span, "abbreviation", self._exact(cuis))
                else:
                    dropped[HELDOUT] += 1

    def _add_candidates(self, draft: _Draft) -> None:
        def found(span: WordSpan) -> Candidates:
            return self._memory[draft.surface(span)]

        hopeful = [span for span in draft.spans if found(span)]
        chosen = choose(hopeful, lambda span: found(span)[0][1])
        self.tally.candidate["no candidate"] += len(draft.spans) - len(hopeful)
        self.tally.candidate["overlaps a better span"] += len(hopeful) - len(chosen)
        for span in chosen:
            self._add(draft, span, "candidate", found(span))

    def _exact(self, cuis: Sequence[str]) -> Candidates:
        return tuple((cui, 1.0) for cui in cuis[: self._max_candidates])

    def _add(self, draft: _Draft, span: WordSpan, method: str, candidates: Candidates) -> None:
        first, last = draft.words[span[0]], draft.words[span[1] - 1]
        draft.mentions.append((first.sentence, first.start, last.end, method, candidates))
        self.tally.mentions[method] += 1
        self.tally.concepts.add(candidates[0][0])

    @staticmethod
    def _rows(draft: _Draft) -> Iterator[Row]:
        pmid, version, text, _ = draft.document
        for sentence, start, end, method, candidates in sorted(draft.mentions):
            for rank, (cui, score) in enumerate(candidates):
                yield Row(
                    pmid, version, sentence, start, end, text[start:end], cui, score, rank, method
                )
