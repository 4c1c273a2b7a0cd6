"""Finds the mentions of documents: names, short forms, and spans that are near to a name.

From left to right the longest name at each word is taken; short forms that the document explains
are read as their long forms. What is left may be looked up by its 3-grams. A later kind of
mention never overlaps an earlier one, and every mention stays inside one sentence.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bali.linking.abbreviations import find_definitions
from bali.linking.block import cut
from bali.linking.candidates import CandidateMemory
from bali.linking.dictionary import Dictionary
from bali.linking.documents import Document
from bali.linking.draft import Draft, Mention
from bali.linking.guard import Guard
from bali.linking.matcher import Match, Matcher
from bali.linking.nametable import Concepts
from bali.linking.rows import CROSSES, HELDOUT, Row
from bali.linking.settings import Settings
from bali.linking.spans import WordSpan, candidate_spans, choose, says_enough
from bali.linking.stream import Stream, occurrences, plain_stream, spelt_stream
from bali.linking.tally import EXPLAINED, GUARDED, Tally
from bali.linking.variants import Variants
from bali.linking.vocabulary import Vocabulary

if TYPE_CHECKING:
    from bali.linking.near import NearNames

# Cosine above which the nearest name tells more of a given span than the name that it ends with.
# Best of .6, .7, .8 and .9 on the train parts of NCBI Disease and BC5CDR.
NEARER_THAN_HEAD = 0.8


class Linker:
    """Finds the mentions of documents.

    Attributes:
        tally: what was found and dropped so far.
    """

    def __init__(
        self,
        dictionary: Dictionary,
        variants: Variants,
        guard: Guard,
        settings: Settings,
        near: NearNames | None = None,
    ) -> None:
        """Take the parts; `bali/linking/build.py` makes them."""
        self._near = near
        self._vocabulary = Vocabulary(dictionary, variants)
        self._matcher = Matcher(dictionary, self._vocabulary)
        self._guard = guard
        self._settings = settings
        self._steps = frozenset(settings.steps)
        self.tally = Tally()

    def link(self, documents: Sequence[Document]) -> Iterator[Row]:
        """Rows of the table `mentions`, in its order, for documents in their order."""
        drafts, plain = self._with_names(documents)
        if self._near and drafts:
            self._add_candidates(self._near, drafts, plain)
        for draft in drafts:
            self.tally.sentences += len(draft.document.sentences)
            yield from self._rows(draft)

    def rank(
        self,
        document: Document,
        spans: Sequence[tuple[int, int]],
        most: int,
        memory: CandidateMemory,
    ) -> list[list[str]]:
        """Concepts of given spans of a document, the best first.

        Names that a span is come first, then, if no name is very near, the name that it ends with,
        then the nearest names. The threshold of candidates does not apply.

        Args:
            document: where the spans stand.
            spans: their first code point and the one after the last.
            most: concepts a span.
            memory: looks up the nearest names.
        """
        [draft], plain = self._with_names([document])
        known = _unambiguous(draft.mentions)
        touched = [draft.touched(*span) for span in spans]
        texts = [draft.spelt_surface(span) if span else "" for span in touched]
        memory.look_up(text for text in texts if text)
        ranked = []
        for span, text in zip(touched, texts, strict=True):
            cuis: list[str] = []
            if span:
                near = memory[text]
                # as the document explains it, then as it stands
                for words in (draft.spelt(span), range(*span)):
                    cuis += self._ordered(self._matcher.whole(plain, words) or (), known)
                far = not near or near[0][1] <= NEARER_THAN_HEAD
                if not cuis and far and "head" in self._steps:
                    cuis += self._head(draft, plain, span)
                cuis += [cui for cui, _ in near]
            ranked.append(list(dict.fromkeys(cuis))[:most])
        return ranked

    def _with_names(self, documents: Sequence[Document]) -> tuple[list[Draft], Stream]:
        """Drafts with all mentions but candidates, and the words that the drafts number."""
        block = cut(documents)
        plain = plain_stream(block, self._vocabulary.number(block.surfaces), self._vocabulary)
        drafts = [Draft(block, number) for number in range(len(documents))]
        if "abbreviations" in self._steps:
            for draft in drafts:
                definitions = find_definitions(draft.document.text, draft.document.sentences)
                draft.short_forms = occurrences(block, draft.number, definitions)
        self._add_names(drafts, plain)
        for draft in drafts:
            if any(len(mention.candidates) > 1 for mention in draft.mentions):
                known = _unambiguous(draft.mentions)
                draft.mentions = [self._settled(mention, known) for mention in draft.mentions]
        return drafts, plain

    def _add_names(self, drafts: Sequence[Draft], plain: Stream) -> None:
        found, crossing = self._matcher.find(plain)
        short_forms = [short_form for draft in drafts for short_form in draft.short_forms]
        spelt, _ = self._matcher.find(spelt_stream(plain, short_forms)) if short_forms else ({}, 0)
        begins = sorted({*found, *crossing, *spelt})
        for draft in drafts:
            first = draft.words.start
            for begin in begins[bisect_left(begins, first) : bisect_left(begins, draft.words.stop)]:
                if begin >= first:
                    self.tally.names[CROSSES] += begin in crossing
                    first = self._add_longest(draft, found.get(begin), spelt.get(begin), begin)

    def _add_longest(
        self, draft: Draft, match: Match | None, spelt: Match | None, begin: int
    ) -> int:
        """Enter one of the matches at a word; returns the word to go on with."""
        method = "exact" if match and match.exact else "variant"
        # the document's own explanation wins over a name that looks like the short form
        spelt = spelt if spelt and draft.spelt_in(spelt[:2]) else None
        if spelt and (match is None or spelt.last >= match.last):
            match, method = spelt, "abbreviation"
        if match and not spelt and (other := draft.explained(match[:2])):
            self.tally.names[EXPLAINED] += 1
            return other.last
        return self._take(draft, match, method) if match else begin + 1

    def _take(self, draft: Draft, match: Match, method: str) -> int:
        """Enter a match, or count why not; returns the word to go on with."""
        guarded = match.cuis and method != "abbreviation" and "guard" in self._steps
        if guarded and not self._guard.allows(draft.surface(match[:2])):
            self.tally.names[GUARDED] += 1
            return match.first + 1
        draft.taken.append(match[:2])
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

    def _head(self, draft: Draft, plain: Stream, span: WordSpan) -> Concepts:
        """Concepts of the longest name that ends a span: English puts the head last."""
        parts = [(first, span[1]) for first in range(span[0] + 1, span[1])]
        for part, words in [(p, draft.spelt(p)) for p in parts] + [(p, range(*p)) for p in parts]:
            cuis = self._matcher.whole(plain, words)
            # whatever the steps: a head such as "disease" would be that of every other span
            if cuis and self._guard.allows(draft.surface(part)):
                return cuis
        return ()

    def _add_candidates(self, near: NearNames, drafts: Sequence[Draft], plain: Stream) -> None:
        from spacy.lang.en.stop_words import STOP_WORDS  # takes a second: see candidates.py

        stops = np.array([form in STOP_WORDS for form in self._vocabulary.forms], np.bool_)
        barred = ~plain.counts | (self._vocabulary.reach[plain.ids] == 0) | stops[plain.ids]
        for draft in drafts:
            # what the letters of a short form are near to means nothing
            for first, last in [*draft.taken, *(found[:2] for found in draft.short_forms)]:
                barred[first:last] = True
        spans = candidate_spans(plain.inside, barred, self._settings.max_span_words)
        texts = [drafts[0].surface(span) for span in spans]  # of the block, not of a document
        found = {
            span: text
            for span, text in zip(spans, texts, strict=True)
            if says_enough(text, self._settings.min_characters)
        }
        near.look_up(found.values())
        ordered = list(found)
        for draft in drafts:
            begin = bisect_left(ordered, (draft.words.start,))
            end = bisect_left(ordered, (draft.words.stop,))
            hopeful = {span: near[found[span]] for span in ordered[begin:end] if near[found[span]]}
            chosen = choose(list(hopeful), lambda span, best=hopeful: best[span][0][1])  # type: ignore[misc]
            self.tally.candidate["no candidate"] += end - begin - len(hopeful)
            self.tally.candidate["overlaps a better span"] += len(hopeful) - len(chosen)
            most = self._settings.max_candidates
            draft.mentions += [Mention(*span, "candidate", hopeful[span][:most]) for span in chosen]

    def _rows(self, draft: Draft) -> Iterator[Row]:
        pmid, version, text, _ = draft.document
        block = draft.block
        before = block.first_sentences[draft.number]
        for mention in sorted(draft.mentions):
            self.tally.mentions[mention.method] += 1
            self.tally.concepts.add(mention.candidates[0][0])
            sentence = int(block.sentences[mention.first]) - before
            start = int(block.starts[mention.first]) - draft.offset
            end = int(block.ends[mention.last - 1]) - draft.offset
            place = sentence, start, end, text[start:end]
            for rank, (cui, score) in enumerate(mention.candidates):
                yield Row(pmid, version, *place, cui, score, rank, mention.method)


def _unambiguous(mentions: Sequence[Mention]) -> Counter[str]:
    """How often a document names a concept by a name of no other."""
    return Counter(m.candidates[0][0] for m in mentions if len(m.candidates) == 1)
