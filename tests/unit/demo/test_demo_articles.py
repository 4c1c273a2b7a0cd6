"""The articles, read back by another XML parser and by md5sum's rule."""

import gzip
import hashlib
from xml.etree import ElementTree

import pytest

from bali.__main__ import main
from bali.demo.articles import write_articles
from bali.demo.hpo import Term


def term(number, name, definition="", comment="", obsolete=False):
    return Term(f"HP:{number:07d}", name, (), definition, comment, (), (), obsolete)


TERMS = [
    term(1, 'A < B & "C" é', "Less\nthan.", "It is > 0."),
    term(2, "Bare"),
    term(3, "Gone", "No more.", obsolete=True),
    term(6001116, "Only a comment", comment="Here."),
]


@pytest.fixture
def folder(tmp_path):
    write_articles(TERMS, tmp_path, 2, "2030-02-03")
    return tmp_path


def articles(folder):
    for path in sorted(folder.glob("*.xml.gz")):
        yield from ElementTree.fromstring(gzip.decompress(path.read_bytes()))


def test_each_living_term_is_an_article_with_title_and_abstract(folder):
    found = [
        (
            article.findtext(".//PMID"),
            article.findtext(".//ArticleTitle"),
            [part.text for part in article.iter("AbstractText")],
        )
        for article in articles(folder)
    ]
    assert found == [
        ("1000000001", 'A < B & "C" é', ["Less than.", "It is > 0."]),
        ("1000000002", "Bare", []),
        ("1006001116", "Only a comment", ["Here."]),
    ]


def test_an_article_without_text_has_no_abstract_element(folder):
    assert [article.find(".//Abstract") is None for article in articles(folder)] == [
        False,
        True,
        False,
    ]


def test_language_version_year_and_journal(folder):
    for article in articles(folder):
        assert article.find(".//PMID").attrib == {"Version": "1"}
        assert article.findtext(".//Language") == "eng"
        assert article.findtext(".//PubDate/Year") == "2030"
        assert "Human Phenotype Ontology, release 2030-02-03" in article.findtext(
            ".//Journal/Title"
        )


def test_md5_stands_beside_each_file_in_nlms_format(folder):
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["hpo0001.xml.gz", "hpo0001.xml.gz.md5", "hpo0002.xml.gz", "hpo0002.xml.gz.md5"]
    for name in names[::2]:
        digest = hashlib.md5((folder / name).read_bytes()).hexdigest()
        assert (folder / f"{name}.md5").read_text() == f"MD5({name})= {digest}\n"


def test_the_time_of_writing_is_no_part_of_the_bytes(folder):
    content = (folder / "hpo0001.xml.gz").read_bytes()
    assert content[4:8] == bytes(4)  # RFC 1952: MTIME, 0 = no time stamp


def test_no_file_at_all_cannot_be_asked_for(tmp_path, capsys):
    argv = ["demo", "articles", "--release", "2025-01-16", "--out-dir", str(tmp_path)]
    assert main([*argv, "--files", "0", "--counts", str(tmp_path / "counts.json")]) == 2
    assert "--files 0: give 1 or more" in capsys.readouterr().err
