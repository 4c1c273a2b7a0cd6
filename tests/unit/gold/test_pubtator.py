"""Gold in PubTator's layout, written by hand and real."""

import re

import pytest

from bali.errors import InputError
from bali.gold.pubtator import read_pubtator

HAND = """1|t|\U0001d6fd thalassaemia
1|a|Skin tumour and rash.
1\t0\t14\t\U0001d6fd thalassaemia\tSpecificDisease\tD1|OMIM:2+D3
1\t15\t26\tSkin tumour\tDiseaseClass\t-1
1\tCID\tD008012\tD006323

2|t|Nothing
2|a|
3|t|MedMentions
3|a|DCTN4 here
3\t12\t17\tDCTN4\tT116,T123\tUMLS:C4308010
3\t18\t22\there\tT082

1|t|Other
1|a|text
"""


@pytest.fixture
def gold(tmp_path):
    path = tmp_path / "gold.txt"

    def read(text: str):
        path.write_bytes(text.encode())
        return read_pubtator(path)

    return read


def test_documents_mentions_and_identifiers(gold):
    corpus = gold(HAND)
    assert [d.name for d in corpus.documents] == ["1", "2", "3"]
    assert (corpus.repeated, corpus.relations) == (1, 1)
    first, second, third = corpus.documents
    assert first.text == "\U0001d6fd thalassaemia Skin tumour and rash."
    assert [(m.text, m.types, m.identifiers) for m in first.mentions] == [
        ("\U0001d6fd thalassaemia", ("SpecificDisease",), ("D1", "OMIM:2", "D3")),
        ("Skin tumour", ("DiseaseClass",), ()),
    ]
    assert second.text == "Nothing "
    assert [(m.types, m.identifiers) for m in third.mentions] == [
        (("T116", "T123"), ("UMLS:C4308010",)),
        (("T082",), ()),
    ]


def test_white_space_at_the_ends_of_a_mention_is_cut_off(gold):
    corpus = gold("1|t|a  rash \n1|a|b\n1\t2\t8\t rash\tD\tD1\n")
    [mention] = corpus.documents[0].mentions
    assert (mention.start, mention.end, mention.text) == (3, 7, "rash")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no document"),
        ("1|t|a\n", "its end: document '1' ends without its |t| and |a| lines"),
        ("1|a|a\n", "line 1: a document is one |t| line"),
        ("1|t|a\n1|a|b\n1|a|c\n", "line 3: a document is one |t| line"),
        ("1|t|a\n2|a|b\n", "line 2: '2' inside document '1'"),
        ("1|t|a\n1|a|b\n2\t0\t1\ta\tD\tD1\n", "line 3: '2' inside document '1'"),
        ("1|t|a\n1\t0\t1\ta\tD\tD1\n", "line 2: a mention before"),
        ("1|t|a\n1|a|b\n1\t0\t1\n", "line 3: 3 fields"),
        ("1|t|a\n1|a|b\n1\t0\tx\ta\tD\tD1\n", "line 3: 6 fields"),
        ("1|t|a\n1|a|b\n1\t0\t1\tb\tD\tD1\n", "line 3: 'b' is not the text from 0 to 1, 'a'"),
        ("1|t|a\n1|a|b\n1\t5\t9\t\tD\tD1\n", "line 3: '' is not the text from 5 to 9"),
    ],
)
def test_what_is_no_gold_file_names_the_line(gold, text, message):
    with pytest.raises(InputError, match=re.escape(message)):
        gold(text)


def test_a_line_that_is_no_utf_8_is_named(tmp_path):
    (tmp_path / "x").write_bytes(b"1|t|a\n1|a|\xff\n")
    with pytest.raises(InputError, match="line 2: no UTF-8"):
        read_pubtator(tmp_path / "x")


def test_unusual_line_ends_inside_a_passage_end_no_line(gold):
    assert gold("1|t|a\u2028b\r\n1|a|c\x0b\r\n").documents[0].text == "a\u2028b c\x0b"


@pytest.mark.parametrize(
    ("name", "documents", "mentions", "repeated", "relations"),
    [
        # ../shared/data/README.md: 592 documents; PMID 8528200 stands twice, with 11 of the
        # 5,145 mentions
        ("ncbi_disease/NCBItrainset_corpus.txt", 592, 5145 - 11, 1, 0),
        ("ncbi_disease/NCBIdevelopset_corpus.txt", 100, 787, 0, 0),
        ("bc5cdr/train_corpus.txt", 500, 9385, 0, 1038),
        ("bc5cdr/dev_corpus.txt", 500, 9591, 0, 1012),
    ],
)
def test_real_corpora(shared, name, documents, mentions, repeated, relations):
    corpus = read_pubtator(shared / name)
    found = sum(len(d.mentions) for d in corpus.documents)
    assert (len(corpus.documents), found) == (documents, mentions)
    assert (corpus.repeated, corpus.relations) == (repeated, relations)
    for document in corpus.documents:
        assert all(document.text[m.start : m.end] == m.text for m in document.mentions)
