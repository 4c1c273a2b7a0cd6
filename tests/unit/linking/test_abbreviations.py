"""Short forms: what a document explains, where they stand, and the words that they stand for."""

import pytest

from bali.linking.abbreviations import find_definitions
from bali.linking.block import cut
from bali.linking.dictionary import index_names
from bali.linking.documents import Document
from bali.linking.draft import Draft
from bali.linking.matcher import Matcher
from bali.linking.stream import occurrences, plain_stream, spelt_stream
from bali.linking.variants import Variants
from bali.linking.vocabulary import Vocabulary


def block_of(text, sentences=None):
    return cut([Document(1, 1, "before", [(0, 6)]), Document(2, 1, text, sentences)])


def where(text, sentences=None):
    """Slices of the short forms that stand in a text, with their long forms."""
    sentences = sentences or [(0, len(text))]
    block = block_of(text, sentences)
    found = occurrences(block, 1, find_definitions(text, sentences))

    def surface(first, last):
        return block.text[block.starts[first] : block.ends[last - 1]]

    return [(block.starts[o.first] - 6, surface(*o[:2]), surface(*o[2:])) for o in found]


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
    text = "None here. Multiple sclerosis (MS), severe MS now. None. MS."
    sentences = [(0, 10), (11, 50), (51, 56), (57, 60)]
    block = block_of(text, sentences)
    variants = Variants((), {})
    dictionary, _ = index_names((["C1"], ["severe multiple"], [True]), [], variants,
                                min_characters=1, max_words=9)  # fmt: skip
    vocabulary = Vocabulary(dictionary, variants)
    plain = plain_stream(block, vocabulary.number(block.surfaces), vocabulary)
    found = occurrences(block, 1, find_definitions(text, sentences))
    spelt = spelt_stream(plain, found)

    def words(stream):
        return " ".join(vocabulary.forms[n] for n in stream.ids)

    assert words(plain) == "before none here multiple sclerosis ms severe ms now none ms"
    assert plain.joined.tolist() == [False, False, True, False, True, False, False, True, True,
                                     False, False]  # fmt: skip
    assert plain.units.tolist() == [0] + [1] * 10
    # the sentences that hold a short form
    first, second = (
        "multiple sclerosis multiple sclerosis severe multiple sclerosis now",
        ("multiple sclerosis"),
    )
    assert words(spelt) == f"{first} {second}"
    assert spelt.units.tolist() == [2] * 8 + [4] * 2
    # the words of the text that each stands for
    assert spelt.first.tolist() == [3, 4, 5, 5, 6, 7, 7, 8, 10, 10]
    assert spelt.last.tolist() == [4, 5, 6, 6, 7, 8, 8, 9, 11, 11]
    assert spelt.joined.tolist() == [False, True, False, True, False, True, True, True, False, True]
    assert spelt.opens.tolist() == [True, True, True, False, True, True, False, True, True, False]
    assert spelt.closes.tolist() == [True, True, False, True, True, False, True, True, False, True]
    draft = Draft(block, 1, found)
    assert draft.spelt((6, 9)) == [6, 3, 4, 8]
    assert draft.spelt_surface((6, 9)) == "severe Multiple sclerosis now"
    # a name that would end inside of a long form is none
    matches, _ = Matcher(dictionary, vocabulary).find(spelt)
    assert matches == {}


def test_a_span_that_ends_inside_a_short_form_has_no_other_reading():
    text = "ataxia telangiectasia (A-T) and A-T"
    block = block_of(text, [(0, len(text))])
    draft = Draft(block, 1, occurrences(block, 1, find_definitions(text, [(0, len(text))])))
    assert block.surfaces[-2:] == ["A", "T"]
    assert draft.spelt((len(block.surfaces) - 1, len(block.surfaces))) == []
    assert draft.spelt((len(block.surfaces) - 2, len(block.surfaces))) == [1, 2]
