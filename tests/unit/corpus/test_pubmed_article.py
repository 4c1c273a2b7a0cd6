"""Fields of records against values read by eye, for each layout that PubMed has had."""

import gzip

import pytest

from bali.corpus.article import Article, Heading, Section
from bali.corpus.xml import Deletion, read_records

RICH = """
<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="2">7</PMID>
<DateCompleted><Year>1999</Year><Month>05</Month><Day>30</Day></DateCompleted>
<DateRevised><Year>2020</Year><Month>12</Month><Day>09</Day></DateRevised>
<Article><Journal><Title>Acta  Fictiva</Title>
<JournalIssue><PubDate><MedlineDate>1998 Dec-1999 Jan</MedlineDate></PubDate></JournalIssue>
</Journal>
<ArticleTitle>Loss of <i>TP53</i> &amp; H<sub>2</sub>O
   in <b>mice</b>.</ArticleTitle>
<ELocationID EIdType="pii" ValidYN="Y">S1</ELocationID>
<ELocationID EIdType="doi" ValidYN="Y">10.1000/location</ELocationID>
<Abstract>
<AbstractText Label="AIM" NlmCategory="OBJECTIVE">Why <!-- a remark -->not.</AbstractText>
<AbstractText Label="EMPTY"> </AbstractText>
<AbstractText>It is \U0001d6fd so.</AbstractText>
<CopyrightInformation>Copyright nobody.</CopyrightInformation>
</Abstract>
<AuthorList><Author><LastName>Nobody</LastName></Author></AuthorList>
<Language>ger</Language><Language>eng</Language>
<PublicationTypeList><PublicationType UI="D1">Journal Article</PublicationType>
<PublicationType UI="D2">Review</PublicationType></PublicationTypeList>
<ArticleDate DateType="Electronic"><Year>1997</Year><Month>11</Month><Day>03</Day></ArticleDate>
</Article>
<CommentsCorrectionsList>
<CommentsCorrections RefType="Cites"><PMID Version="1">95</PMID></CommentsCorrections>
<CommentsCorrections RefType="RetractionIn"><PMID Version="1">99</PMID></CommentsCorrections>
</CommentsCorrectionsList>
<MeshHeadingList><MeshHeading><DescriptorName UI="D000001" MajorTopicYN="N">A</DescriptorName>
<QualifierName UI="Q000001" MajorTopicYN="Y">b</QualifierName>
<QualifierName UI="Q000002" MajorTopicYN="N">c &amp; d</QualifierName></MeshHeading>
<MeshHeading><DescriptorName UI="D000002" MajorTopicYN="N">C</DescriptorName></MeshHeading>
</MeshHeadingList>
<OtherAbstract Type="Publisher" Language="ger"><AbstractText>Anders.</AbstractText></OtherAbstract>
</MedlineCitation><PubmedData>
<ArticleIdList><ArticleId IdType="pubmed">7</ArticleId>
<ArticleId IdType="doi"> 10.1000/own </ArticleId><ArticleId IdType="pmc">PMC123</ArticleId>
</ArticleIdList>
<ReferenceList><Reference><ArticleIdList><ArticleId IdType="pubmed">98</ArticleId>
<ArticleId IdType="doi">10.1000/cited</ArticleId><ArticleId IdType="pmc">PMC999</ArticleId>
</ArticleIdList></Reference></ReferenceList></PubmedData>
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
            Section("AIM", 28, 36),
            Section("", 37, 48),  # counted in code points, not in UTF-16 units
        ],
        languages=["ger", "eng"],
        journal="Acta Fictiva",
        year=1998,
        date="1998",
        revised="2020-12-09",
        mesh=[
            Heading("D000001", "A", major=True, qualifiers=["b", "c & d"]),
            Heading("D000002", "C", major=False, qualifiers=[]),
        ],
        publication_types=["Journal Article", "Review"],
        retracted=True,
        doi="10.1000/own",
        pmc="PMC123",
    )


def citation(article="", rest="", data=""):
    """A PubmedArticle with PMID 1 and the given contents."""
    return (
        f"<PubmedArticle><MedlineCitation><PMID>1</PMID><Article>{article}</Article>{rest}"
        f"</MedlineCitation><PubmedData>{data}</PubmedData></PubmedArticle>"
    )


@pytest.fixture
def parse(pubmed_file):
    """The one record of a file that holds this XML."""

    def run(xml, **settings):
        [record] = read_records(pubmed_file("one", xml, **settings), 1)
        return record

    return run


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("CO<sub>2</sub> at 10<sup>-3</sup> M", "CO2 at 10-3 M"),
        ("<i>Escherichia <b>coli</b></i> K-12", "Escherichia coli K-12"),
        ("<u>under</u>lined", "underlined"),
        ("a &lt; b &#946; &#x3b2; &quot;c&quot;", 'a < b β β "c"'),
        ("<![CDATA[p < .05]]> held", "p < .05 held"),
        (
            'so <mml:math xmlns:mml="http://www.w3.org/1998/Math/MathML"><mml:mrow>'
            "<mml:msub><mml:mi>x</mml:mi><mml:mn>1</mml:mn></mml:msub><mml:mo>=</mml:mo>"
            "<mml:mn>2</mml:mn></mml:mrow></mml:math> holds",
            "so x1=2 holds",
        ),
        ("one<?page 3?> two", "one two"),
        ("thin\u2009space, no\u00a0break", "thin space, no break"),
        ("", ""),
    ],
)
def test_markup_inside_text_is_kept_as_text(parse, markup, text):
    record = parse(
        citation(
            f"<ArticleTitle>{markup}</ArticleTitle>"
            f"<Abstract><AbstractText>{markup}</AbstractText></Abstract>"
        )
    )
    assert (record.title, record.abstract) == (text, text)


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("<Year>2018</Year><Month>05</Month><Day>7</Day>", "2018-05-07"),
        ("<Year>1985</Year><Month>Aug</Month>", "1985-08"),
        ("<Year>1985</Year><Season>Summer</Season>", "1985"),
        ("<Year>1985</Year><Month>Aug</Month><Day>99</Day>", "1985-08"),
        ("<MedlineDate>2000 Spring</MedlineDate>", "2000"),
        ("<MedlineDate>Winter 1976-1977</MedlineDate>", "1976"),
        ("<MedlineDate>1998-1999</MedlineDate>", "1998"),
        ("<MedlineDate>undated</MedlineDate>", ""),
        ("", ""),
    ],
)
def test_the_date_is_as_exact_as_it_is_stated(parse, date, expected):
    journal = f"<Journal><JournalIssue><PubDate>{date}</PubDate></JournalIssue></Journal>"
    record = parse(citation(journal))
    assert record.date == expected
    assert record.year == (int(expected[:4]) if expected else None)


def test_the_date_of_the_article_stands_in_for_that_of_the_issue(parse):
    electronic = "<ArticleDate><Year>2021</Year><Month>02</Month><Day>28</Day></ArticleDate>"
    assert parse(citation(electronic)).date == "2021-02-28"


@pytest.mark.parametrize(
    ("article", "rest", "retracted"),
    [
        ("<PublicationTypeList><PublicationType>Retracted Publication</PublicationType>"
         "</PublicationTypeList>", "", True),
        ("", "RetractionIn", True),
        ("", "RetractedandRepublishedIn", True),
        ("", "RetractionOf", False),  # the notice
        ("", "PartialRetractionIn", False),
        ("", "ExpressionOfConcernIn", False),
        ("<PublicationTypeList><PublicationType>Retraction of Publication</PublicationType>"
         "</PublicationTypeList>", "", False),
    ],
)  # fmt: skip
def test_what_is_retracted(parse, article, rest, retracted):
    if rest:
        rest = (
            f'<CommentsCorrectionsList><CommentsCorrections RefType="{rest}"><PMID>2</PMID>'
            "</CommentsCorrections></CommentsCorrectionsList>"
        )
    assert parse(citation(article, rest)).retracted is retracted


def test_identifiers_of_the_references_are_not_the_articles(parse):
    cited = (
        "<ReferenceList><Reference><ArticleIdList><ArticleId IdType='doi'>10.1/x</ArticleId>"
        "<ArticleId IdType='pmc'>PMC1</ArticleId></ArticleIdList></Reference></ReferenceList>"
    )
    record = parse(citation(data=cited))
    assert (record.doi, record.pmc) == ("", "")
    location = "<ELocationID EIdType='doi' ValidYN='N'>10.1/no</ELocationID>"
    location += "<ELocationID EIdType='doi'>10.1/yes</ELocationID>"
    assert parse(citation(location, data=cited)).doi == "10.1/yes"
    pmc = "<ArticleIdList><ArticleId IdType='pmcid'>pmc-id: PMC5;</ArticleId>"
    pmc += "<ArticleId IdType='pmc'>PMC7</ArticleId></ArticleIdList>"
    assert parse(citation(data=pmc + cited)).pmc == "PMC7"


OLD = """<MedlineCitation Owner="NLM" Status="MEDLINE"><PMID Version="1">10540283</PMID>
<Article><Journal><JournalIssue><PubDate><Year>1999</Year><Month>Dec</Month></PubDate>
</JournalIssue><Title>J</Title></Journal><ArticleTitle>Old.</ArticleTitle>
<Language>eng</Language></Article>
<MeshHeadingList><MeshHeading><DescriptorName MajorTopicYN="Y">Humans</DescriptorName>
</MeshHeading></MeshHeadingList>
<OtherID Source="POP">123</OtherID><OtherID Source="NLM">PMC77 [Available on 01/01/15]</OtherID>
</MedlineCitation>"""


def test_the_older_set_of_citations(pubmed_file, deletion):
    path = pubmed_file("old", OLD, deletion((5, 1)), root="MedlineCitationSet")
    record, removed = read_records(path, 1)
    assert (record.pmid, record.title, record.date) == (10540283, "Old.", "1999-12")
    assert record.mesh == [Heading("", "Humans", major=True, qualifiers=[])]
    assert (record.pmc, record.languages) == ("PMC77", ["eng"])
    assert removed == Deletion(5, 1)


CHAPTER = """<PubmedBookArticle><BookDocument><PMID Version="1">20301295</PMID>
<ArticleIdList><ArticleId IdType="bookaccession">NBK1</ArticleId>
<ArticleId IdType="doi">10.2/chapter</ArticleId></ArticleIdList>
<Book><Publisher><PublisherName>P</PublisherName></Publisher><BookTitle>A <i>Book</i></BookTitle>
<PubDate><Year>1993</Year></PubDate><ELocationID EIdType="doi">10.2/book</ELocationID></Book>
<ArticleTitle>A Chapter</ArticleTitle><Language>eng</Language>
<PublicationType UI="D016454">Review</PublicationType>
<Abstract><AbstractText Label="SUMMARY">It is short.</AbstractText></Abstract>
<ContributionDate><Year>2000</Year><Month>8</Month><Day>14</Day></ContributionDate>
<DateRevised><Year>2023</Year><Month>1</Month><Day>5</Day></DateRevised>
<ReferenceList><Reference><ArticleIdList><ArticleId IdType="doi">10.2/cited</ArticleId>
</ArticleIdList></Reference></ReferenceList></BookDocument>
<PubmedBookData><ArticleIdList><ArticleId IdType="pubmed">20301295</ArticleId></ArticleIdList>
</PubmedBookData></PubmedBookArticle>"""


@pytest.mark.parametrize("root", ["PubmedArticleSet", "PubmedBookArticleSet"])
def test_a_chapter_of_a_book(parse, root):
    record = parse(CHAPTER, root=root)
    assert (record.pmid, record.version) == (20301295, 1)
    assert (record.title, record.abstract) == ("A Chapter", "It is short.")
    assert record.sections == [Section("SUMMARY", 10, 22)]
    assert (record.journal, record.languages) == ("A Book", ["eng"])
    assert (record.year, record.date, record.revised) == (2000, "2000-08-14", "2023-01-05")
    assert record.publication_types == ["Review"]
    assert (record.doi, record.pmc) == ("10.2/chapter", "")


def test_a_whole_book(parse):
    whole = CHAPTER.replace("<ArticleTitle>A Chapter</ArticleTitle>", "")
    whole = whole.replace('<ArticleId IdType="doi">10.2/chapter</ArticleId>', "")
    whole = whole.replace("ContributionDate", "Dropped")
    record = parse(whole)
    assert (record.title, record.journal) == ("A Book", "")
    assert (record.doi, record.date) == ("10.2/book", "1993")


@pytest.mark.shared
def test_real_files_of_pubmed(shared, tmp_path):
    records = list(read_records(shared / "pubmed_xml" / "test_current_medline.xml.gz", 1))
    back_pain = next(r for r in records if r.pmid == 36400559)
    assert len(records) == 4
    assert back_pain.title == "Back Pain: Differential Diagnosis and Management."
    assert back_pain.abstract.endswith("imaging and a specialist referral may be indicated.")
    assert (back_pain.journal, back_pain.year) == ("Neurologic clinics", 2023)
    assert (back_pain.doi, back_pain.languages) == ("10.1016/j.ncl.2022.07.002", ["eng"])
    qualifiers = ["diagnosis", "etiology", "therapy"]
    assert back_pain.mesh[1] == Heading("D017116", "Low Back Pain", True, qualifiers)
    oldest = next(r for r in records if r.pmid == 2930949)
    assert (oldest.date, oldest.revised) == ("1985-08", "2018-11-13")

    single = tmp_path / "single.xml.gz"  # it ships unpacked
    plain = shared / "pubmed_xml" / "pubmed-29768149.xml"
    single.write_bytes(gzip.compress(plain.read_bytes()))
    [asthma] = read_records(single, 1)
    text = f"{asthma.title} {asthma.abstract}"
    assert asthma.pmid == 29768149  # and none of the PMIDs that it cites
    assert asthma.doi == "10.1056/NEJMoa1715274"  # and none of the DOIs that it cites
    assert asthma.date == "2018-05-17"
    assert [s.label for s in asthma.sections] == [
        "BACKGROUND", "METHODS", "RESULTS", "CONCLUSIONS"
    ]  # fmt: skip
    starts = [text[s.start :].split()[0] for s in asthma.sections]
    assert starts == ["In", "We", "A", "In"]
