"""One record of PubMed's XML against fields read by eye."""

import gzip

import pytest

from bali.corpus.xml import Article, Deletion, Other, read_records
from bali.errors import InputError

RICH = """
<PubmedArticle><MedlineCitation><PMID Version="2">7</PMID>
<Article><Journal><Title>Acta  Fictiva</Title>
<JournalIssue><PubDate><MedlineDate>1998 Dec-1999 Jan</MedlineDate></PubDate></JournalIssue>
</Journal>
<ArticleTitle>Loss of <i>TP53</i> &amp; H<sub>2</sub>O
   in <b>mice</b>.</ArticleTitle>
<Abstract>
<AbstractText Label="AIM">Why <!-- a remark -->not.</AbstractText>
<AbstractText Label="EMPTY"> </AbstractText>
<AbstractText>It is \U0001d6fd so.</AbstractText>
</Abstract>
<Language>ger</Language><Language>eng</Language>
<PublicationTypeList><PublicationType UI="D1">Journal Article</PublicationType>
<PublicationType UI="D2">Review</PublicationType></PublicationTypeList></Article>
<CommentsCorrectionsList><CommentsCorrections RefType="RetractionIn"><PMID Version="1">99</PMID>
</CommentsCorrections></CommentsCorrectionsList>
<MeshHeadingList><MeshHeading><DescriptorName UI="D000001">A</DescriptorName>
<QualifierName UI="Q000001">b</QualifierName></MeshHeading>
<MeshHeading><DescriptorName UI="D000002">C</DescriptorName></MeshHeading></MeshHeadingList>
</MedlineCitation><PubmedData><ReferenceList><Reference><ArticleIdList>
<ArticleId IdType="pubmed">98</ArticleId></ArticleIdList></Reference></ReferenceList></PubmedData>
</PubmedArticle>
"""


def test_every_field_of_a_record_with_markup(pubmed_file):
    [record] = read_records(pubmed_file("rich", RICH), 1)
    title = "Loss of TP53 & H2O in mice."  # 27 characters: the abstract starts at 28
    assert record == Article(
        pmid=7,
        version=2,
        title=title,
        abstract="Why not. It is \U0001d6fd so.",
        sections=[
            {"label": "AIM", "start": 28, "end": 36},
            {"label": "", "start": 37, "end": 48},  # counted in code points, not in UTF-16 units
        ],
        language="ger",
        journal="Acta Fictiva",
        year=1998,
        mesh=["D000001", "D000002"],
        publication_types=["Journal Article", "Review"],
        retracted=True,
    )


def test_year_and_retraction_stated_in_the_other_way(pubmed_file):
    record = """<PubmedArticle><MedlineCitation><PMID>1</PMID><Article>
    <Journal><JournalIssue><PubDate><Year>2004</Year></PubDate></JournalIssue></Journal>
    <PublicationTypeList><PublicationType>Retracted Publication</PublicationType>
    </PublicationTypeList></Article></MedlineCitation></PubmedArticle>"""
    [article] = read_records(pubmed_file("one", record), 1)
    assert (article.pmid, article.version, article.year, article.retracted) == (1, 1, 2004, True)


def test_the_notice_of_a_retraction_is_not_retracted(pubmed_file):
    record = """<PubmedArticle><MedlineCitation><PMID>1</PMID><Article/><CommentsCorrectionsList>
    <CommentsCorrections RefType="RetractionOf"><PMID>2</PMID></CommentsCorrections>
    </CommentsCorrectionsList></MedlineCitation></PubmedArticle>"""
    [article] = read_records(pubmed_file("one", record), 1)
    assert not article.retracted


def test_books_and_deletions_come_in_the_order_of_the_file(pubmed_file, article, deletion):
    path = pubmed_file(
        "mixed",
        article(1, "A."),
        "<PubmedBookArticle><BookDocument><PMID>5</PMID></BookDocument></PubmedBookArticle>",
        deletion((3, 1), (4, 2)),
    )
    kinds = [r if not isinstance(r, Article) else r.pmid for r in read_records(path, 1)]
    assert kinds == [1, Other(), Deletion(3, 1), Deletion(4, 2)]


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


def test_a_bomb_of_entities_is_broken_xml(tmp_path):
    levels = (f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10))
    path = with_doctype(tmp_path / "a.xml.gz", f'<!ENTITY e0 "LAUGH">{"".join(levels)}', "&e9;")
    with pytest.raises(InputError, match=r"a\.xml\.gz: broken XML"):
        list(read_records(path, 1))


def test_a_record_without_pmid_is_named_by_its_number(pubmed_file, article):
    path = pubmed_file("anonymous", article(1, "A."), "<PubmedArticle/>")
    with pytest.raises(InputError, match=r"anonymous\.xml\.gz: record 2 has no valid PMID"):
        list(read_records(path, 1))


def test_another_kind_of_xml_is_refused(pubmed_file):
    path = pubmed_file("other", "<p/>", root="html")
    with pytest.raises(InputError, match="its root is <html>"):
        list(read_records(path, 1))


@pytest.mark.shared
def test_real_files_of_pubmed(shared, tmp_path):
    records = list(read_records(shared / "pubmed_xml" / "test_current_medline.xml.gz", 1))
    back_pain = next(r for r in records if r.pmid == 36400559)
    assert len(records) == 4
    assert back_pain.title == "Back Pain: Differential Diagnosis and Management."
    assert back_pain.abstract.endswith("imaging and a specialist referral may be indicated.")
    assert (back_pain.journal, back_pain.year) == ("Neurologic clinics", 2023)

    single = tmp_path / "single.xml.gz"  # it ships unpacked
    plain = shared / "pubmed_xml" / "pubmed-29768149.xml"
    single.write_bytes(gzip.compress(plain.read_bytes()))
    [asthma] = read_records(single, 1)
    text = f"{asthma.title} {asthma.abstract}"
    assert asthma.pmid == 29768149  # and none of the PMIDs that it cites
    assert [s["label"] for s in asthma.sections] == [
        "BACKGROUND", "METHODS", "RESULTS", "CONCLUSIONS"
    ]  # fmt: skip
    starts = [text[s["start"] :].split()[0] for s in asthma.sections]
    assert starts == ["In", "We", "A", "In"]
