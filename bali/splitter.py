"""A splitter of running text into sentences, by rules, for English biomedical abstracts.

A sentence ends at `.`, `!` or `?` (with closing quotes and brackets), white space, and something
that looks like a beginning: a capital, a digit, or a word such as "p53" or "mTOR". A full stop
does not end it after an abbreviation, an initial or a list number, or inside a number.
tests/unit/corpus/hard_sentences.tsv shows what that means. Not told apart: a sentence that begins
in lower case with no capital or digit in its first word, and one that begins behind an initial
with a word that is not in OPENERS.

Why our own: pysbd, which scispaCy brings along, makes 1,300 sentences/s on one core of the
development machine (NCBI Disease dev, 100 abstracts), that is three and a half days of one core
for the 400 million sentences of PubMed, and breaks "approx. 5 mg"; these rules make over 70,000.
spaCy's sentencizer makes 7,000 and breaks "et al. (2003)".
"""

from __future__ import annotations

import regex

# Never end a sentence. Lower case, without the last full stop.
ABBREVIATIONS = frozenset(
    "approx ca cf dr e.g eg f i.e ie mr mrs prof resp st subsp ssp suppl var viz vs".split()
)
# End it only before an opener: "Lowry et al. The assay", but "Lowry et al. Science 1999".
BEFORE_OPENER = frozenset("al bv ph.d pv serovar sp spp".split())
# Do not end a sentence before a number, as in "Fig. 2", "Fig. S2", "No. 5", "Jan. 2001".
BEFORE_NUMBER = frozenset(
    "chap eq eqs fig figs no nos p pp ref refs tab v ver vol "
    "jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
# Do not end it before a bracket: "Sigma Chemical Co. (St. Louis, MO)".
BEFORE_BRACKET = frozenset("co corp inc ltd".split())
# A letter after one of these is no initial and may end a sentence: "hepatitis C. Liver biopsies".
LETTERED = frozenset(
    "arm case class cohort coenzyme complex cyclin cytochrome degrees factor grade group hepatitis "
    "immunoglobulin influenza kinase method model panel part phase protein stage strain subtype "
    "toxin type virus vitamin".split()
)
# After an initial or "U.S." only these begin a new sentence: "hepatitis B. The", but "J. Smith".
OPENERS = frozenset(
    "a after all although an as at because both by during each either finally five for four "
    "from further furthermore here hence however if in it its moreover most no none of on one our "
    "over overall patients results several since six some such ten that the their then there "
    "therefore these they this those three through thus to two under until using we when whereas "
    "while with within".split()
)

_BOUNDARY = regex.compile(
    r"""
    [.!?]+ ["'\p{Pf})\]]* \s+
    (?= ["'\p{Pi}(\[]* (?: \p{Lu} | \p{Lt} | \p{N} | \p{Ll} [\p{Ll}-]* [\p{Lu}\p{N}] ) )
    """,
    regex.VERBOSE,
)
_LAST_WORD = regex.compile(r"[\p{L}\p{N}]+(?:\.[\p{L}\p{N}]+)*$")
_NEXT_WORD = regex.compile(r"[\p{L}\p{N}]+")
_NUMBER = regex.compile(r"[(\[]*S?\p{N}")
_COMPARED = regex.compile(r"[=<>\u2264\u2265~\u00b1]\s?$")  # in "p < 0", before the number
_DIGITS = regex.compile(r"\p{N}+")
_LOWER_WORD = regex.compile(r"\s+\p{Ll}")
_WORD_BEFORE = regex.compile(r"(\p{L}+)\s$")
_SPACE = regex.compile(r"\s*")


def split(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Spans of the sentences of `text[start:end]`.

    Args:
        text: any text.
        start: first code point of the part to split.
        end: code point after its last; the end of the text if not given.

    Returns:
        Half-open spans in code points of `text`, in order, without white space at either end;
        only white space lies between and around them.
    """
    end = len(text) if end is None else end
    spans = []
    begin = _SPACE.match(text, start, end).end()
    for found in _BOUNDARY.finditer(text, begin, end):
        if text[found.start()] == "." and _goes_on(text, begin, found.start(), found.end()):
            continue
        spans.append((begin, found.start() + len(found[0].rstrip())))
        begin = found.end()
    stop = begin + len(text[begin:end].rstrip())
    if stop > begin:
        spans.append((begin, stop))
    return spans


def _goes_on(text: str, begin: int, stop: int, after: int) -> bool:
    """Whether the full stop at `stop` does not end the sentence that began at `begin`."""
    last = _LAST_WORD.search(text, max(begin, stop - 30), stop)
    if last is None:  # as in "5 %." or "(n = 5)."
        return text[stop - 1] in "=<>" and text[after].isdecimal()  # "p <. 05"
    word = last[0]
    lower = word.lower()
    if lower in ABBREVIATIONS:
        return True
    if lower in BEFORE_OPENER:
        return not _opens(text, after)
    if lower in BEFORE_NUMBER:
        return _NUMBER.match(text, after) is not None
    if lower in BEFORE_BRACKET:
        return text[after] in "(["
    if word.isdecimal() and last.start() == begin and len(word) <= 3:
        return True  # a list number, as in "1. Patients"
    if word[-1].isdecimal() and not (word.isdecimal() and len(word) > 3):  # not after a year
        compared = _COMPARED.search(text, max(begin, last.start() - 2), last.start())
        return _is_cut(text, after, certain=word == "0" or compared is not None)
    if len(word) == 1 and word.isupper():
        noun = _WORD_BEFORE.search(text, max(begin, last.start() - 20), last.start())
        if noun and noun[1].lower() in LETTERED:
            return False
        return not _opens(text, after)
    return "." in word and not word[0].isdecimal() and not _opens(text, after)


def _is_cut(text: str, after: int, *, certain: bool) -> bool:
    """Whether a number goes on behind the space at which a corpus cut it, as in "19q13. 3)".

    NCBI Disease does so throughout. Where it is not certain, a number with a word behind it begins
    a sentence: "It fell by 5. 23 patients left."
    """
    number = _DIGITS.match(text, after)
    return number is not None and (certain or _LOWER_WORD.match(text, number.end()) is None)


def _opens(text: str, start: int) -> bool:
    """Whether the first word from `start` on is one that begins sentences."""
    following = _NEXT_WORD.search(text, start)
    if following is None or following[0].lower() not in OPENERS:
        return False
    return len(following[0]) > 1 or text[following.end() : following.end() + 1] != "."  # "R. A. F."
