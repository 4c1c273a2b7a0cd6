"""What names are looked for in: the words of a document, as they stand or with short forms spelt.

In "deficiency of G6PD", where the document explains G6PD, the second stream holds the words of the
long form in the place of the short form. A match in it begins and ends where a word of the text
does, never inside a long form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bali.linking.abbreviations import Definition
from bali.linking.words import Word

JOINTS = frozenset(" -'\u2010\u2011\u2019")  # hyphens and apostrophes of Unicode among them


class Occurrence(NamedTuple):
    """Words `first` to `last` (exclusive) are a short form; its long form's words come next."""

    first: int
    last: int
    long_first: int
    long_last: int


@dataclass
class Stream:
    """Words in a row, each with what it stands for in the text.

    Attributes:
        forms: normal forms.
        keys: keys of variants; empty for words that do not count.
        sentences: number of the sentence.
        joined: nothing but a joint parts the word from the one before.
        first: first word of the text that it stands for.
        last: word of the text after the last that it stands for.
        at: word of the text -> the first here that stands for it.
    """

    forms: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    sentences: list[int] = field(default_factory=list)
    joined: list[bool] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    at: dict[int, int] = field(default_factory=dict)

    def closes(self, position: int) -> bool:
        """Whether what the word stands for ends with it."""
        return position + 1 == len(self.first) or self.first[position + 1] != self.first[position]

    def part(self, first: int, last: int) -> Stream:
        """What stands for the words `first` to `last` (exclusive) of the text.

        Empty if one of the two cuts through what a word stands for.
        """
        begin = end = self.at.get(first, len(self.first))
        while end < len(self.first) and self.last[end] <= last:
            end += 1
        if begin == end or self.last[end - 1] != last:
            return Stream()
        columns = (self.forms, self.keys, self.sentences, self.joined, self.first, self.last)
        return Stream(*(column[begin:end] for column in columns))  # type: ignore[arg-type]


def plain_stream(text: str, words: Sequence[Word], keys: list[str]) -> Stream:
    """The words as they stand."""
    numbers = range(len(words))
    return Stream(
        forms=[word.form for word in words],
        keys=keys,
        sentences=[word.sentence for word in words],
        joined=[
            bool(n)
            and words[n - 1].sentence == word.sentence
            and text[words[n - 1].end : word.start] in JOINTS
            for n, word in enumerate(words)
        ],
        first=list(numbers),
        last=[n + 1 for n in numbers],
        at={n: n for n in numbers},
    )


def spelt_stream(plain: Stream, occurrences: Sequence[Occurrence]) -> Stream:
    """The words with each short form replaced by the words of its long form.

    Args:
        plain: the words as they stand.
        occurrences: in order, without overlap.
    """
    spelt = Stream()
    done = 0

    def take(begin: int, end: int, owner: tuple[int, int] | None = None) -> None:
        for number in range(begin, end):
            first, last = owner or (number, number + 1)
            spelt.at.setdefault(first, len(spelt.forms))
            spelt.forms.append(plain.forms[number])
            spelt.keys.append(plain.keys[number])
            spelt.sentences.append(plain.sentences[first])
            # inside a long form punctuation does not matter: it is one expression
            inside = owner is not None and number > begin
            spelt.joined.append(inside or plain.joined[first])
            spelt.first.append(first)
            spelt.last.append(last)

    for found in occurrences:
        take(done, found.first)
        take(found.long_first, found.long_last, (found.first, found.last))
        done = found.last
    take(done, len(plain.forms))
    return spelt


def occurrences(
    text: str, words: Sequence[Word], definitions: Sequence[Definition]
) -> list[Occurrence]:
    """Where the short forms stand, also with a plural s, in order, without overlap.

    Case matters: "AS" is not "as".
    """
    wanted: dict[str, list[tuple[list[str], tuple[int, int]]]] = {}
    for definition in definitions:
        inside = [
            n
            for n, w in enumerate(words)
            if definition.start <= w.start and w.end <= definition.end
        ]
        parts = _parts(definition.short_form)
        if inside and parts:
            wanted.setdefault(parts[0], []).append((parts, (inside[0], inside[-1] + 1)))
    for entries in wanted.values():
        entries.sort(key=lambda entry: -len(entry[0]))  # the longest first
    found = []
    position = 0
    while wanted and position < len(words):
        surface = text[words[position].start : words[position].end]
        for parts, long_form in wanted.get(surface, ()) or wanted.get(
            surface.removesuffix("s"), ()
        ):
            end = position + len(parts)
            surfaces = [text[w.start : w.end] for w in words[position:end]]
            same_sentence = words[end - 1 : end] and (
                words[end - 1].sentence == words[position].sentence
            )
            if same_sentence and [*surfaces[:-1], surfaces[-1].removesuffix("s")] in (
                parts,
                [*parts[:-1], parts[-1].removesuffix("s")],
            ):
                found.append(Occurrence(position, end, *long_form))
                position = end - 1
                break
        position += 1
    return found


def _parts(short_form: str) -> list[str]:
    words: list[str] = []
    current = ""
    for letter in f"{short_form} ":
        if letter.isalnum():
            current += letter
        elif current:
            words.append(current)
            current = ""
    return words
