"""Finds the mentions of documents: names, short forms, and spans that are near to a name.

From left to right the longest name at each word is taken; short forms that the document explains
are read as their long forms. What is left is looked up in scispaCy's index. A later kind of
mention never overlaps an earlier one, and every mention stays inside one sentence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from bali.linking.abbreviations import find_definitions
from bali.linking.candidates import CandidateMemory, Candidates
from bali.linking.dictionary import Concepts, Dictionary
from bali.linking.draft import Document, Draft, Mention
from bali.linking.guard import Guard
from bali.linking.matcher import Match, Matcher
from bali.linking.settings import Settings
from bali.linking.spans import WordSpan, candidate_spans, choose
from bali.linking.stream import occurrences, plain_stream, spelt_stream
from bali.linking.tally import CROSSES, EXPLAINED, GUARDED, HELDOUT, Tally
from bali.linking.variants import Variants
from bali.linking.words import words_of

# Cosine above which the nearest name tells more of a given span than the name that it ends with.
# Best of .6, .7, .8 and .9 on the train parts of NCBI Disease and BC5CDR.
NEARER_THAN_HEAD = 0.8


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


class Linker:
    """Finds the mentions of documents.

    Attributes:
        tally: what was found and dropped so far.
        names: how many names are looked for, and why others are not.
        memory: candidates of strings that were looked up.
    """

    def __init__(
        self,
        dictionary: Dictionary,
        variants: Variants,
        memory: CandidateMemory,
        guard: Guard,
        settings: Settings,
    ) -> None:
        """Take the parts; `bali/linking/build.py` makes them."""
        self._matcher = Matcher(dictionary, any_order="order" in settings.steps)
        self._variants = variants
        self.memory = memory
        self._guard = guard
        self._settings = settings
        self._steps = frozenset(settings.steps)
        self.tally = Tally()
        self.names = dictionary.names

    def link(self, documents: Sequence[Document]) -> Iterator[Row]:
        """Rows of the table `mentions`, in its order, for documents in their order."""
        drafts = [self._with_names(document) for document in documents]
        if "candidates" in self._steps:
            self._add_candidates(drafts)
        for draft in drafts:
            self.tally.sentences += len(draft.document.sentences)
            yield from self._rows(draft)

    def rank(
        self, document: Document, spans: Sequence[tuple[int, int]], most: int
    ) -> list[list[str]]:
        """Concepts of given spans of a document, the best first.

        Names that a span is come first, then, if no name is very near, the name that it ends with,
        then the nearest names. The threshold of candidates does not apply.

        Args:
            document: where the spans stand.
            spans: their first code point and the one after the last.
            most: concepts a span.
        """
        draft = self._with_names(document)
        known = _unambiguous(draft.mentions)
        touched = [draft.touched(*span) for span in spans]
        texts = [draft.spelt_surface(span) if span else "" for span in touched]
        self.memory.look_up(text for text in texts if text)
        ranked = []
        for span, text in zip(touched, texts, strict=True):
            cuis: list[str] = []
            if span:
                near = self.memory[text]
                for match in self._whole(draft, span):
                    cuis += self._ordered(match.cuis, known)
                far = not near or near[0][1] <= NEARER_THAN_HEAD
                if not cuis and far and "head" in self._steps:
                    cuis += self._head(draft, span)
                cuis += [cui for cui, _ in near]
            ranked.append(list(dict.fromkeys(cuis))[:most])
        return ranked

    def _with_names(self, document: Document) -> Draft:
        words = words_of(document.text, document.sentences)
        plain = plain_stream(document.text, words, self._variants.keys(document.text, words))
        draft = Draft(document, words, plain, plain)
        if "abbreviations" in self._steps:
            definitions = find_definitions(document.text, document.sentences)
            if short_forms := occurrences(document.text, words, definitions):
                draft.short_forms = short_forms
                draft.spelt = spelt_stream(plain, short_forms)
        self._add_names(draft)
        for found in draft.short_forms:  # what the letters themselves are near to means nothing
            draft.taken[found.first : found.last] = [True] * (found.last - found.first)
        known = _unambiguous(draft.mentions)
        draft.mentions = [self._settled(mention, known) for mention in draft.mentions]
        return draft

    def _add_names(self, draft: Draft) -> None:
        # words at which a name with a short form in it may begin
        short = {
            number
            for found in draft.short_forms
            for number in range(found.first - self._settings.max_words, found.first + 1)
        }
        first = 0
        while first < len(draft.words):
            match, crosses = self._matcher.longest(draft.plain, first)
            method = "exact" if match and match.exact else "variant"
            # the document's own explanation wins over a name that looks like the short form
            spelt = self._spelt_match(draft, first) if first in short else None
            if spelt and (match is None or spelt.last >= match.last):
                match, method = spelt, "abbreviation"
            self.tally.names[CROSSES] += crosses
            if match and not spelt and (other := draft.explained(match[:2])):
                self.tally.names[EXPLAINED] += 1
                first = other.last
                continue
            first = self._take(draft, match, method) if match else first + 1

    def _spelt_match(self, draft: Draft, first: int) -> Match | None:
        """The longest name at a word that needs a short form to be spelt out."""
        begin = draft.spelt.at.get(first)
        if begin is None:
            return None
        match, _ = self._matcher.longest(draft.spelt, begin)
        return match if match and draft.spelt_in(match[:2]) else None

    def _take(self, draft: Draft, match: Match, method: str) -> int:
        """Enter a match, or count why not; returns the word to go on with."""
        guarded = match.cuis and method != "abbreviation" and "guard" in self._steps
        if guarded and not self._guard.allows(draft.surface(match[:2])):
            self.tally.names[GUARDED] += 1
            return match.first + 1
        draft.taken[match.first : match.last] = [True] * (match.last - match.first)
        if match.cuis:
            candidates = tuple((cui, 1.0) for cui in match.cuis)
            draft.mentions.append(Mention(match.first, match.last, method, candidates))
        else:
            self.tally.names[HELDOUT] += 1
        return match.last

    def _settled(self, mention: Mention, known: Counter[str]) -> Mention:
        ordered = self._ordered([cui for cui, _ in mention.candidates], known)
        most = self._settings.max_candidates
        return mention._replace(candidates=tuple((cui, 1.0) for cui in ordered[:most]))

    def _ordered(self, cuis: Sequence[str], known: Counter[str]) -> Concepts:
        """Concepts of a name; those first that the document names otherwise."""
        if "document" in self._steps and len(cuis) > 1:
            return tuple(sorted(cuis, key=lambda cui: not known[cui]))
        return tuple(cuis)

    def _whole(self, draft: Draft, span: WordSpan) -> Iterator[Match]:
        """Names that a span is as a whole: as the document explains it, then as it stands."""
        for stream in draft.streams:
            match = self._matcher.whole(stream.part(*span))
            if match and match.cuis:
                yield match

    def _head(self, draft: Draft, span: WordSpan) -> Concepts:
        """Concepts of the longest name that ends a span: English puts the head last."""
        for stream in draft.streams:
            for first in range(span[0] + 1, span[1]):
                match = self._matcher.whole(stream.part(first, span[1]))
                if match and match.cuis and self._guard.allows(draft.surface((first, span[1]))):
                    return match.cuis
        return ()

    def _add_candidates(self, drafts: Iterable[Draft]) -> None:
        settings = self._settings
        spans = []
        for draft in drafts:
            known = map(self._matcher.uses, draft.plain.keys)
            barred = [taken or not used for taken, used in zip(draft.taken, known, strict=True)]
            spans.append(
                candidate_spans(
                    draft.document.text, draft.words, barred,
                    settings.max_span_words, settings.min_characters,
                )
            )  # fmt: skip
        self.memory.look_up(
            draft.surface(span)
            for draft, found in zip(drafts, spans, strict=True)
            for span in found
        )
        for draft, found in zip(drafts, spans, strict=True):
            near = {span: self._near(draft.surface(span)) for span in found}
            hopeful = [span for span in found if near[span]]
            chosen = choose(hopeful, lambda span, near=near: near[span][0][1])  # type: ignore[misc]
            self.tally.candidate["no candidate"] += len(found) - len(hopeful)
            self.tally.candidate["overlaps a better span"] += len(hopeful) - len(chosen)
            draft.mentions += [Mention(*span, "candidate", near[span]) for span in chosen]

    def _near(self, text: str) -> Candidates:
        near = [found for found in self.memory[text] if found[1] > self._settings.threshold]
        return tuple(near[: self._settings.max_candidates])

    def _rows(self, draft: Draft) -> Iterator[Row]:
        pmid, version, text, _ = draft.document
        for mention in sorted(draft.mentions):
            self.tally.mentions[mention.method] += 1
            self.tally.concepts.add(mention.candidates[0][0])
            first, last = draft.words[mention.first], draft.words[mention.last - 1]
            place = first.sentence, first.start, last.end, text[first.start : last.end]
            for rank, (cui, score) in enumerate(mention.candidates):
                yield Row(pmid, version, *place, cui, score, rank, mention.method)


def _unambiguous(mentions: Sequence[Mention]) -> Counter[str]:
    """How often a document names a concept by a name of no other."""
    return Counter(m.candidates[0][0] for m in mentions if len(m.candidates) == 1)
