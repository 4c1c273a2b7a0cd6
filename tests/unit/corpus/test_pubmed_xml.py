"""What a stream of PubMed's XML may hold, and what is refused."""

import gzip

import pytest

from bali import untrusted
from bali.corpus.broken import BrokenFileError, Damage
from bali.corpus.xml import Deletion, read_records


def test_records_and_deletions_come_in_the_order_of_the_file(pubmed_file, article, deletion):
    book = "<PubmedBookArticle><BookDocument><PMID>5</PMID></BookDocument></PubmedBookArticle>"
    path = pubmed_file("mixed", article(1, "A."), book, deletion((3, 1), (4, 2)))
    kinds = [r if isinstance(r, Deletion) else r.pmid for r in read_records(path, 1)]
    assert kinds == [1, 5, Deletion(3, 1), Deletion(4, 2)]


def with_doctype(path, declarations, title):
    text = (
        f'<?xml version="1.0"?><!DOCTYPE PubmedArticleSet [{declarations}]><PubmedArticleSet>'
        "<PubmedArticle><MedlineCitation><PMID>1</PMID><Article>"
        f"<ArticleTitle>{title}</ArticleTitle></Article></MedlineCitation></PubmedArticle>"
        "</PubmedArticleSet>"
    )
    path.write_bytes(gzip.compress(text.encode()))
    return path


def test_entities_are_neither_fetched_nor_expanded(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    declarations = f'<!ENTITY leak SYSTEM "{secret.as_uri()}"><!ENTITY laugh "LAUGH">'
    path = with_doctype(tmp_path / "a.xml.gz", declarations, "before &leak; &laugh; after")
    [article] = read_records(path, 1)
    assert article.title == "before &leak; &laugh; after"


def refused(path, damage, match, cap=1):
    with pytest.raises(BrokenFileError, match=match) as caught:
        list(read_records(path, cap))
    assert caught.value.damage is damage


def test_a_bomb_of_entities_is_broken_xml(tmp_path):
    levels = (f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10))
    path = with_doctype(tmp_path / "a.xml.gz", f'<!ENTITY e0 "LAUGH">{"".join(levels)}', "&e9;")
    refused(path, Damage.XML, r"a\.xml\.gz: broken XML")


@pytest.mark.parametrize(
    "bad",
    [
        "<PubmedArticle/>",
        "<PubmedBookArticle/>",
        "<PubmedArticle><MedlineCitation><PMID>x1</PMID></MedlineCitation></PubmedArticle>",
        "<PubmedArticle><MedlineCitation><PMID>1234567890123456789</PMID></MedlineCitation>"
        "</PubmedArticle>",
        "<PubmedArticle><MedlineCitation><PMID Version='1.5'>1</PMID></MedlineCitation>"
        "</PubmedArticle>",
        "<DeleteCitation><PMID/></DeleteCitation>",
    ],
)
def test_a_record_without_pmid_is_named_by_its_number(pubmed_file, article, bad):
    path = pubmed_file("anonymous", article(1, "A."), bad)
    refused(path, Damage.KEY, r"anonymous\.xml\.gz: record 2 has no valid PMID")


def test_another_kind_of_xml_is_refused(pubmed_file):
    refused(pubmed_file("other", "<p/>", root="html"), Damage.LAYOUT, "its root is <html>")


@pytest.mark.parametrize("at", [0, 1, 2])
def test_what_is_no_record_is_not_passed_over(pubmed_file, article, at):
    records = [article(1, "A."), article(2, "B.")]
    records.insert(at, "<PubmedArticel><MedlineCitation/></PubmedArticel>")
    path = pubmed_file("odd", *records)
    refused(path, Damage.LAYOUT, "holds <PubmedArticel> among its records")


def test_a_tree_that_never_ends_a_record_is_cut_off(pubmed_file, article, monkeypatch):
    monkeypatch.setattr(untrusted, "MAX_RECORD_MB", 1)
    path = pubmed_file("flood", article(1, "A."), "<p>x</p>" * 200_000)
    refused(path, Damage.SIZE, "1 MB without the end of a PubMed record", cap=10)
    # the cap is for one record, not for all together
    many = pubmed_file("many", *(article(n, "A.", "x" * 500_000) for n in range(4)))
    assert len(list(read_records(many, 10))) == 4
