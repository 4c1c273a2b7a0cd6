"""scispaCy's detector as the linker uses it."""

from bali.linking.abbreviations import Abbreviations, ShortForm


def test_every_occurrence_in_the_document_comes_in_order():
    text = "Multiple sclerosis (MS) is rare. \U0001d6fd MS relapses; MS-like signs."
    found = Abbreviations().find(text)
    assert [(text[a:b], long) for a, b, long in found] == [("MS", "Multiple sclerosis")] * 3
    assert [start for start, _, _ in found] == [20, 35, 48]


def test_a_document_without_brackets_explains_nothing():
    assert Abbreviations().find("Multiple sclerosis MS") == []


def test_one_document_does_not_explain_another():
    detector = Abbreviations()
    assert detector.find("Multiple sclerosis (MS).") == [ShortForm(20, 22, "Multiple sclerosis")]
    assert detector.find("The MS ran (again).") == []
