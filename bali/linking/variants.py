"""When two names that are written differently are variants of one name.

A name and a stretch of text are variants of each other if their keys are equal. A key is made from
the words, one step after the other; each step can be left out (`linking.steps` of the config):

| step | what becomes equal |
|---|---|
| letters | Greek letters and their names, letters with and without accents: β-, beta- |
| possessive | Down's syndrome, Down syndrome |
| spelling | British and American: tumour, tumor; anaemia, anemia |
| plural | syndromes, syndrome; metastases, metastasis |
| numeral | type II, type 2 |
| derived | an adjective and its noun: hypertensive, hypertension; ischemic, ischemia |
| equivalent | words that name the same: renal, kidney (resources/equivalent_words.tsv) |
| order | cancer of the breast, "Cancer, breast", breast cancer: any order, function words dropped |
| short | Lesch-Nyhan, Lesch-Nyhan syndrome; myotonic dystrophy, myotonic dystrophy type 1 |
| general | kidney dysfunction, injury, ... and kidney disease; X system disease, X disease |

The last two are looser: they hold where the shorter or other form is no name of its own.
Case, hyphens and other punctuation are equal already in the normal form (bali/text.py).
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from bali.errors import InputError
from bali.files import require_file
from bali.linking.words import Word

STEPS = (
    "letters", "possessive", "spelling", "plural", "numeral", "derived", "equivalent", "order",
    "short", "general",
)  # fmt: skip
TABLE = Path(__file__).resolve().parents[2] / "resources" / "equivalent_words.tsv"
FUNCTION_WORDS = frozenset("by due for from in of on the to with".split())
PROPER_HEADS = frozenset("disease syndrome".split())
GENERAL_HEADS = frozenset("disease disorder".split())
GENERAL = (
    "abnormality alteration complication damage defect disturbance dysfunction impairment injury "
    "involvement lesion malformation problem sign symptom toxicity"
).split()
APOSTROPHES = frozenset("'\u2019\u02bc`\u00b4")

_NUMERALS = {
    "i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8",
    "ix": "9", "x": "10", "xi": "11", "xii": "12",
}  # fmt: skip
_DERIVED = {  # ending of an adjective -> of its noun
    "otic": "osis", "phrenic": "phrenia", "leptic": "lepsy", "lytic": "lysis", "static": "stasis",
    "emic": "emia", "toxic": "toxicity", "pathic": "pathy", "trophic": "trophy",
    "plastic": "plasia", "betic": "bete", "cephalic": "cephaly", "plegic": "plegia",
    "rrhagic": "rrhage", "tensive": "tension", "ritic": "ritis", "megalic": "megaly",
    "deficient": "deficiency", "uric": "uria", "algic": "algia", "kinetic": "kinesia",
    "tonic": "tonia", "taxic": "taxia", "sthenic": "sthenia", "convulsive": "convulsion",
    "istic": "ism", "phobic": "phobia", "manic": "mania", "matic": "ma", "matous": "ma",
    "embolic": "embolism", "alcoholic": "alcoholism", "hypoxic": "hypoxia",
    "ressed": "ression", "chotic": "chosis",
}  # fmt: skip
_SPELLINGS = (
    (re.compile("(?<=.)ae|oe"), "e"),  # anaemia, oedema; also haem-, foetal
    (re.compile("^ae"), "e"),  # aetiology
    (re.compile("our(?=s?$)"), "or"),  # tumour, behaviour
    (re.compile("ys(?=e[sd]?$|ing$)"), "yz"),  # analyse
    (re.compile("is(?=e[sd]?$|ation|ing$)"), "iz"),  # generalised
    (re.compile("tre(?=s?$)"), "ter"),  # centre
    (re.compile("ph(?=ur)"), "f"),  # sulphur
    (re.compile("ll(?=ed$|ing$)"), "l"),  # signalling
)
_MAY_BE_SPELT = re.compile("ae|oe|our|ys|is|tre|ph|ll")  # no other word is touched by them


class Variants:
    """Makes the keys of names and of text."""

    def __init__(self, steps: Collection[str], equivalents: Mapping[str, str]) -> None:
        """Choose the steps.

        Args:
            steps: some of STEPS.
            equivalents: word -> the word that stands for it and its like.
        """
        self._steps = frozenset(steps)
        self._word = cache(self._word_key)
        # the table is written in words; what is compared is keys
        self._equivalents: Mapping[str, str] = {}
        self._equivalents = {
            self._word_key(word): self._word_key(stands) for word, stands in equivalents.items()
        }

    @property
    def any_order(self) -> bool:
        """Whether keys hold their words in alphabetical order."""
        return "order" in self._steps

    @property
    def possessive(self) -> bool:
        """Whether a possessive s does not count."""
        return "possessive" in self._steps

    def word(self, form: str) -> str:
        """Key of one word, whatever stands around it; empty if it does not count."""
        return self._word(form)

    def keys(self, text: str, words: Sequence[Word]) -> list[str]:
        """Keys of the words of a text; empty for words that do not count."""
        keys = [self._word(word.form) for word in words]
        if self.possessive:
            for number, key in enumerate(keys):
                if key == "s" and number and text[words[number].start - 1] in APOSTROPHES:
                    keys[number] = ""
        return keys

    def key(self, keys: Sequence[str]) -> str:
        """Key of a whole name from those of its words; empty if no word counts."""
        if self.any_order:
            return " ".join(sorted({key for key in keys if key}))
        return " ".join(key for key in keys if key)

    def looser(self, name: str, words: Sequence[Word], keys: Sequence[str]) -> Iterator[str]:
        """Keys by which a name is also found, as long as they are those of no other name.

        Args:
            name: as it is written.
            words: its words.
            keys: of its words.
        """
        if "short" in self._steps and len(words) > 2:
            head, before = words[-1].form, words[-2]
            if head in PROPER_HEADS and name[before.start].isupper() and not name.isupper():
                yield self.key(keys[:-1])
            if head in ("1", "i"):
                rest = keys[:-2] if before.form == "type" else keys[:-1]
                if len(rest) > 1:
                    yield self.key(rest)
        if "general" in self._steps and len(words) > 1 and words[-1].form in GENERAL_HEADS:
            stems = [keys[:-1]]
            if len(words) > 2 and words[-2].form == "system":
                stems.append(keys[:-2])
                yield self.key([*keys[:-2], keys[-1]])
            for stem in stems:
                for head in GENERAL:
                    yield self.key([*stem, self._word(head)])

    def _word_key(self, form: str) -> str:
        steps = self._steps
        if "order" in steps and form in FUNCTION_WORDS:
            return ""
        if "letters" in steps and not form.isascii():
            form = _spell_out(form)
        if "spelling" in steps and len(form) > 4 and _MAY_BE_SPELT.search(form):
            for pattern, plain in _SPELLINGS:
                form = pattern.sub(plain, form)
        if "plural" in steps and len(form) > 3:
            form = _singular(form)
        if "derived" in steps:
            form = _noun(form)
        if "numeral" in steps:
            form = _NUMERALS.get(form, form)
        return self._equivalents.get(form, form) if "equivalent" in steps else form


def _spell_out(form: str) -> str:
    letters = []
    for letter in unicodedata.normalize("NFKD", form):
        name = unicodedata.name(letter, "")
        if name.startswith("GREEK SMALL LETTER "):
            # "FINAL SIGMA" is a sigma; "ALPHA WITH ..." is decomposed already
            letters.append(name.split(" ")[-1].lower())
        elif not unicodedata.combining(letter):
            letters.append(letter)
    return "".join(letters)


def _singular(form: str) -> str:
    if form.endswith("omata"):  # carcinomata
        return form[:-2]
    if form.endswith(("oses", "stases", "yses", "reses", "heses")):  # psychoses, metastases
        return f"{form[:-2]}is"
    if form.endswith("ies") and len(form) > 4:
        return f"{form[:-3]}y"
    if form.endswith(("sses", "ches", "shes", "xes")):
        return form[:-2]
    if form.endswith("s") and not form.endswith(("ss", "us", "is")):
        return form[:-1]
    return form


def _noun(form: str) -> str:
    for length in range(min(len(form) - 1, 10), 3, -1):
        if (ending := _DERIVED.get(form[-length:])) is not None:
            return form[:-length] + ending
    return form


def read_equivalents(path: Path = TABLE) -> dict[str, str]:
    """Read a table of words that mean the same: columns `word` and `stands_for`, by tabs.

    Raises:
        InputError: the file is missing, a row has another number of fields, a field is empty, or a
            word stands twice.
    """
    require_file(path, "it is part of the project")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    if rows[:1] != [["word", "stands_for"]]:
        raise InputError(f"{path}: line 1: the columns must be word and stands_for")
    found: dict[str, str] = {}
    for number, row in enumerate(rows[1:], 2):
        if len(row) != 2 or not all(row) or row[0] in found:
            raise InputError(f"{path}: line {number}: {row}: a new word, a tab, what it stands for")
        found[row[0]] = row[1]
    return found
