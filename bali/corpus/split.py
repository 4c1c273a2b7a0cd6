"""A splitter of running text into sentences, by rules, for English biomedical abstracts.

A sentence ends at `.`, `!` or `?` (with closing quotes and brackets), white space, and something
that looks like a beginning: a capital, a digit, or a word such as "p53" or "mTOR". A full stop
does not end it after an abbreviation, an initial or a list number.

Why our own: pysbd, which scispaCy brings along, makes 1,450 sentences/s on one core of the
development machine (NCBI Disease dev, 100 abstracts), that is three days of one core for the
400 million sentences of PubMed, and breaks "approx. 5 mg"; these rules make over 50,000.
"""

from __future__ import annotations

import regex

# Never end a sentence. Lower case, without the last full stop.
ABBREVIATIONS = frozenset(
    "al approx ca cf dr e.g eg i.e ie prof resp st subsp ssp var viz vs".split()
)
# Do not end a sentence before a number, as in "Fig. 2", "Fig. S2", "No. 5", "Jan. 2001".
BEFORE_NUMBER = frozenset(
    "chap eq eqs fig figs no nos p pp ref refs suppl tab vol "
    "jan feb mar apr jun jul aug sep sept oct nov dec".split()
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
        return False
    word = last[0]
    if word.lower() in ABBREVIATIONS:
        return True
    if word.lower() in BEFORE_NUMBER:
        return _NUMBER.match(text, after) is not None
    if word.isdecimal() and len(word) <= 3:
        # a list number, as in "1. Patients", or a number cut in two, as in "0. 05"
        return last.start() == begin or _NUMBER.match(text, after) is not None
    if (len(word) == 1 and word.isupper()) or ("." in word and not word[0].isdecimal()):
        following = _NEXT_WORD.search(text, after)
        return following is None or following[0].lower() not in OPENERS
    return False
