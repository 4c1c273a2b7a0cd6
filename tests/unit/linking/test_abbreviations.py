"""Short forms: what a document explains, where they stand, and the words that they stand for."""

import pytest

from bali.linking.abbreviations import find_definitions
from bali.linking.stream import occurrences, plain_stream, spelt_stream
from bali.linking.words import words_of


def where(text, sentences=None):
    """Slices of the short forms that stand in a text, with their long forms."""
    words = words_of(text, sentences or [(0, len(text))])
    found = occurrences(text, words, find_definitions(text, sentences or [(0, len(text))]))

    def surface(first, last):
        return text[words[first].start : words[last - 1].end]

    return [(words[o.first].start, surface(*o[:2]), surface(*o[2:])) for o in found]


def explained(text, sentences=None):
    found = find_definitions(text, sentences or [(0, len(text))])
    assert all(text[start:end].strip() for _, start, end in found)
    return {short: text[start:end] for short, start, end in found}


@pytest.mark.parametrize(
    ("text", "short_form", "long_form"),
    [
        ("the heat shock factor (HSF) binds", "HSF", "heat shock factor"),
        ("in ataxia telangiectasia (A-T).", "A-T", "ataxia telangiectasia"),
        ("a Glucose-6-phosphate dehydrogenase (G6PD) deficiency", "G6PD",
         "Glucose-6-phosphate dehydrogenase"),
        ("with X-linked adrenoleukodystrophy (ALD, OMIM 300100)", "ALD", "adrenoleukodystrophy"),
        ("of non-Hodgkin lymphoma (HL)", "HL", "Hodgkin lymphoma"),
        ("multiple sclerosis (MS): severe", "MS", "multiple sclerosis"),
        ("two Wilms tumors (WTs) were", "WT", "Wilms tumors"),
        ("APC (adenomatous polyposis coli) is", "APC", "adenomatous polyposis coli"),
        ("a \U0001d6fd multiple sclerosis (MS)", "MS", "multiple sclerosis"),
        # not Schwartz and Hearst's: the initials in another order
        ("of myotonic dystrophy (DM)", "DM", "myotonic dystrophy"),
    ],
)  # fmt: skip
def test_short_forms_and_what_they_stand_for(text, short_form, long_form):
    assert explained(text) == {short_form: long_form}


@pytest.mark.parametrize(
    "text",
    [
        "Multiple sclerosis MS", "(MS)", "The MS ran (again).", "ten mice (the same)",
        "white rabbits (MS)", "multiple sclerosis (ms)", "a long form (ABCDEFGHIJK)",
        "type MS (MS)", "results (P < 0.05)", "two cats (dogs))", "((MS", "",
    ],
)  # fmt: skip
def test_what_explains_nothing(text):
    assert explained(text) == {}


def test_the_first_explanation_counts_and_a_long_form_stays_in_its_sentence():
    assert explained("multiple sclerosis (MS), mitral stenosis (MS)") == {
        "MS": "multiple sclerosis"
    }
    text = "It was multiple. Sclerosis (MS) ran."
    assert explained(text) == {"MS": "multiple. Sclerosis"}
    assert explained(text, [(0, 16), (17, len(text))]) == {}


def test_scispacys_detector_finds_the_same_in_plain_cases():
    spacy = pytest.importorskip("spacy")
    from scispacy.abbreviation import AbbreviationDetector

    nlp = spacy.blank("en")
    detector = AbbreviationDetector(nlp)
    text = (
        "Multiple sclerosis (MS) is rare. Acute lymphoblastic leukaemia (ALL) is seen with "
        "familial adenomatous polyposis (FAP), von Hippel-Lindau disease (VHL) and so on."
    )
    theirs = {span.text: span._.long_form.text for span in detector(nlp(text))._.abbreviations}
    assert len(theirs) == 4
    assert explained(text) == theirs


def test_every_occurrence_in_the_document_comes_in_order():
    text = "MS: multiple sclerosis (MS) is rare. \U0001d6fd MS relapses; MS-like, not MSX or ms."
    assert where(text) == [(at, "MS", "multiple sclerosis") for at in (0, 24, 39, 52)]


def test_plurals_and_hyphened_forms():
    text = "Wilms tumor (WT) and ataxia telangiectasia (A-T). WTs, A-T and A T."
    assert [(short, long) for _, short, long in where(text)] == [
        ("WT", "Wilms tumor"), ("A-T", "ataxia telangiectasia"), ("WTs", "Wilms tumor"),
        ("A-T", "ataxia telangiectasia"), ("A T", "ataxia telangiectasia"),
    ]  # fmt: skip


def test_a_short_form_stays_in_its_sentence():
    text = "Ataxia telangiectasia (A-T). Type A. T cells."
    found = where(text, [(0, 28), (29, 36), (37, len(text))])
    assert [at for at, _, _ in found] == [23]


def test_short_forms_are_replaced_by_the_words_of_their_long_forms():
    text = "Multiple sclerosis (MS), severe MS now"
    words = words_of(text, [(0, len(text))])
    plain = plain_stream(text, words, [w.form for w in words])
    spelt = spelt_stream(plain, occurrences(text, words, find_definitions(text, [(0, len(text))])))
    assert (
        spelt.forms == "multiple sclerosis multiple sclerosis severe multiple sclerosis now".split()
    )
    # the words of the text that each stands for
    assert spelt.first == [0, 1, 2, 2, 3, 4, 4, 5]
    assert spelt.last == [1, 2, 3, 3, 4, 5, 5, 6]
    assert spelt.joined == [False, True, False, True, False, True, True, True]
    assert spelt.at == {0: 0, 1: 1, 2: 2, 3: 4, 4: 5, 5: 7}
    assert [spelt.closes(n) for n in range(8)] == [
        True, True, False, True, True, False, True, True,
    ]  # fmt: skip
    assert spelt.part(3, 5).forms == "severe multiple sclerosis".split()
    assert spelt.part(4, 5).forms == ["multiple", "sclerosis"]
    assert plain.part(3, 5).forms == ["severe", "ms"]
    assert spelt.part(9, 10).forms == []
