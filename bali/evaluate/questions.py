"""Gold corpora -> questions: a mention, its gold concepts, and the sets that it belongs to.

- full: all that have a gold concept in the dictionary.
- refined: no dictionary name equals the mention in its normal form (bali/text.py), and the mention
  does not look like an abbreviation: at most 6 characters, two capitals or more.
- composite: several identifiers; any of their concepts is a hit.
- unseen strings: the normal form is that of no mention of the training part.
- seen concepts, unseen concepts: whether the training part mentions a gold concept.

The last three need a training part. Refined is defined as in ../shared/data/README.md; published
refined sets take out what overlaps with the training part, and duplicates: they are others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bali.errors import InputError
from bali.files import require_file
from bali.gold.bioc import read_bioc
from bali.gold.biosyn import Query, read_queries
from bali.gold.pubtator import GoldCorpus, GoldDocument, read_pubtator
from bali.gold.sentences import sentence_spans
from bali.linking.abbreviations import find_definitions
from bali.text import normalise

LAYOUTS = ("pubtator", "bioc", "biosyn")
NO_IDENTIFIER, NO_CONCEPT, OTHER_TYPE = "no identifier", "concept not in the dictionary", "type"
REPEATED = "document stands twice"


class Question(NamedTuple):
    """A mention that has a gold concept."""

    document: str  # PMID
    text: str  # what is asked for: the mention, or its long form
    cuis: tuple[str, ...]  # gold concepts, sorted; each a hit
    composite: bool
    sentence: str  # with the long form in the mention's place, if it was spelt out
    start: int  # code points in the sentence
    end: int


class Questions(NamedTuple):
    """All questions of a set of files."""

    asked: list[Question]
    counts: dict[str, Any]  # mentions: read = kept + dropped
    documents: int
    spelt_out: int  # mentions whose long form is asked for


# An identifier as it is written -> concepts of the dictionary.
Concepts = Callable[[str], Collection[str]]


def read_questions(
    paths: Sequence[Path],
    layout: str,
    concepts: Concepts,
    *,
    types: Collection[str] = (),
    documents: Collection[str] | None = None,
    spell_out: bool = False,
) -> Questions:
    """Read gold files of one layout.

    Args:
        paths: files; folders of queries where the layout is biosyn.
        layout: one of `LAYOUTS`.
        concepts: what an identifier stands for.
        types: of mentions to ask for; empty: all.
        documents: PMIDs of those to take, as MedMentions parts its file; None: all.
        spell_out: ask for the long form of an abbreviation that its document explains.

    Raises:
        InputError: a file is missing or breaks its layout, or holds no text to spell out from.
    """
    if layout == "biosyn":
        if spell_out:
            raise InputError(
                f"{paths[0]}: queries hold no document to spell abbreviations out from; set "
                "expand_abbreviations to false"
            )
        queries = [query for path in paths for query in read_queries(path)]
        return _of_queries(queries, concepts, types, documents)
    read = read_bioc if layout == "bioc" else read_pubtator
    return _of_corpora([read(path) for path in paths], concepts, types, documents, spell_out)


def read_pmids(path: Path) -> set[str]:
    """Read PMIDs, one a line, as MedMentions lists the documents of a part.

    Raises:
        InputError: the file is missing or holds none.
    """
    require_file(path, "give a file of PMIDs, one a line")
    found = set(path.read_text(encoding="utf-8").split())
    if not found:
        raise InputError(f"{path}: holds no PMID")
    return found


def _of_corpora(
    corpora: Iterable[GoldCorpus],
    concepts: Concepts,
    types: Collection[str],
    wanted: Collection[str] | None,
    spell_out: bool,
) -> Questions:
    dropped: Counter[str] = Counter()
    asked: list[Question] = []
    seen: set[str] = set()
    read = spelt = 0
    for corpus in corpora:
        if corpus.discontinuous:
            dropped["several spans"] += corpus.discontinuous
        read += corpus.discontinuous
        for document in corpus.documents:
            if wanted is not None and document.name not in wanted:
                continue
            read += len(document.mentions)
            if document.name in seen:
                dropped[REPEATED] += len(document.mentions)
                continue
            seen.add(document.name)
            kept = _of_document(document, concepts, types, dropped, spell_out)
            asked += [question for question, _ in kept]
            spelt += sum(long for _, long in kept)
    counts = {"read": read, "kept": len(asked), "dropped": dict(dropped)}
    return Questions(asked, counts, len(seen), spelt)


def _of_document(
    document: GoldDocument,
    concepts: Concepts,
    types: Collection[str],
    dropped: Counter[str],
    spell_out: bool,
) -> list[tuple[Question, bool]]:
    text = document.text
    sentences = sentence_spans(document)
    long_forms = (
        {d.short_form: text[d.start : d.end] for d in find_definitions(text, sentences)}
        if spell_out
        else {}
    )
    found = []
    for mention in document.mentions:
        cuis = _gold(mention.identifiers, mention.types, concepts, types, dropped)
        if not cuis:
            continue
        begin, end = next(
            ((s, e) for s, e in sentences if s <= mention.start and mention.end <= e),
            (mention.start, mention.end),  # a mention over a sentence's end stands alone
        )
        name = long_forms.get(mention.text, mention.text)
        sentence = text[begin : mention.start] + name + text[mention.end : end]
        start = mention.start - begin
        composite = len(mention.identifiers) > 1
        found.append(
            (
                Question(document.name, name, cuis, composite, sentence, start, start + len(name)),
                name != mention.text,
            )
        )
    return found


def _of_queries(
    queries: Iterable[Query],
    concepts: Concepts,
    types: Collection[str],
    wanted: Collection[str] | None,
) -> Questions:
    dropped: Counter[str] = Counter()
    asked = []
    names = set()
    read = 0
    for query in queries:
        if wanted is not None and query.document not in wanted:
            continue
        read += 1
        names.add(query.document)
        cuis = _gold(query.identifiers, (query.type,), concepts, types, dropped)
        if cuis:
            composite = len(query.identifiers) > 1
            place = (query.text, 0, len(query.text))
            asked.append(Question(query.document, query.text, cuis, composite, *place))
    counts = {"read": read, "kept": len(asked), "dropped": dict(dropped)}
    return Questions(asked, counts, len(names), 0)


def _gold(
    identifiers: Sequence[str],
    kinds: Sequence[str],
    concepts: Concepts,
    types: Collection[str],
    dropped: Counter[str],
) -> tuple[str, ...]:
    """Gold concepts of a mention; none, and the reason counted, where it is not asked for."""
    cuis = sorted({cui for identifier in identifiers for cui in concepts(identifier)})
    if types and not set(types) & set(kinds):
        dropped[OTHER_TYPE] += 1
        return ()
    if not cuis:
        dropped[NO_CONCEPT if identifiers else NO_IDENTIFIER] += 1
    return tuple(cuis)


def looks_abbreviated(text: str) -> bool:
    """At most 6 characters, two capitals or more."""
    return len(text) <= 6 and sum(character.isupper() for character in text) >= 2


def sets_of(
    asked: Sequence[Question], names: Iterable[str], train: Sequence[Question] | None
) -> dict[str, NDArray[np.bool_]]:
    """Which questions each set holds.

    Args:
        asked: the questions.
        names: of the dictionary.
        train: mentions of the training part; None: without one, and without its sets.

    Returns:
        Name of the set -> (questions,), bool.
    """
    forms = {normalise(name) for name in names}
    own = [normalise(question.text) for question in asked]
    sets = {
        "full": [True for _ in asked],
        "refined": [
            form not in forms and not looks_abbreviated(question.text)
            for form, question in zip(own, asked, strict=True)
        ],
        "composite": [question.composite for question in asked],
    }
    if train is not None:
        strings = {normalise(question.text) for question in train}
        concepts = {cui for question in train for cui in question.cuis}
        sets["unseen strings"] = [form not in strings for form in own]
        sets["seen concepts"] = [not concepts.isdisjoint(q.cuis) for q in asked]
        sets["unseen concepts"] = [concepts.isdisjoint(q.cuis) for q in asked]
    return {name: np.array(rows, bool) for name, rows in sets.items()}
