"""The three layouts, written by hand, and what is wrong with files."""

import gzip
import json
import re

import pytest

from bali.errors import InputError
from bali.pretagged.bern2 import read_bern2
from bali.pretagged.bioc import read_bioc
from bali.pretagged.pubtator import read_pubtator3
from bali.pretagged.tagged import ELSEWHERE, PIECES, TaggedMention, place
from bali.untrusted import MAX_RECORD_MB

READERS = {"bern2": read_bern2, "pubtator": read_pubtator3, "bioc": read_bioc}


@pytest.fixture
def read(tmp_path):
    """Documents of a file with this content."""

    def reading(format_: str, content: str | bytes, suffix: str = "", cap: int = 10):
        data = content.encode() if isinstance(content, str) else content
        path = tmp_path / f"x{suffix}"
        path.write_bytes(gzip.compress(data, mtime=0) if suffix == ".gz" else data)
        return list(READERS[format_](path, cap))

    return reading


BERN2 = {
    "pmid": "25681199",
    "text": "Autophagy in \U0001d6fd-thalassaemia",
    "timestamp": "Tue",
    "annotations": [
        {
            "id": ["mesh:D017086", "OMIM:613985"],
            "is_neural_normalized": False,
            "mention": "\U0001d6fd-thalassaemia",
            "obj": "disease",
            "prob": 0.75,
            "span": {"begin": 13, "end": 27},
        },
        # as older versions write it: no mention, no probability
        {"id": ["CUI-less"], "obj": "gene", "prob": None, "span": {"begin": 0, "end": 9}},
    ],
}


def test_bern2(read):
    lines = [BERN2, {**BERN2, "pmid": 7}, {"text": "plain"}, [BERN2, {"pmid": "x", "text": ""}]]
    content = "\n\n".join(map(json.dumps, lines))
    documents = read("bern2", content, ".gz")
    assert [d.pmid for d in documents] == [25681199, 7, None, 25681199, None]
    first = documents[0]
    assert first.text == BERN2["text"]
    assert first.mentions == [
        TaggedMention(
            13, 27, "\U0001d6fd-thalassaemia", "disease", ("mesh:D017086", "OMIM:613985"), 0.75
        ),
        TaggedMention(0, 9, "Autophagy", "gene", ("CUI-less",), 1.0),
    ]
    assert documents[2].mentions == []


def test_a_lone_surrogate_becomes_a_question_mark_of_the_same_width(read):
    [document] = read(
        "bern2", '{"pmid": 1, "text": "\\ud800 ab", "annotations": '
        '[{"id": "mesh:D1", "span": {"begin": 2, "end": 4}, "mention": "ab"}]}'
    )  # fmt: skip
    assert document.text == "? ab"
    assert place(document.text, document.mentions[0]).start == 2


PUBTATOR = """1|t|BRCA1 in mice
1|a|A HeLa line with H2O.
1\t0\t5\tBRCA1\tGene\t672;12189
1\t9\t13\tmice\tSpecies\t10090
1\t16\t20\tHeLa\tCellLine\tCVCL_0030
1\t31\t34\tH2O\tChemical\t-
1\t2\t4\tCA\tDNAMutation
1\tAssociation\tMESH:D1\t672

2|t|No abstract
3|t|Third
3|a|
"""


def test_pubtator(read):
    documents = read("pubtator", PUBTATOR)
    assert [(d.pmid, d.text) for d in documents] == [
        (1, "BRCA1 in mice A HeLa line with H2O."),
        (2, "No abstract "),
        (3, "Third "),
    ]
    assert [(m.text, m.kind, m.identifiers) for m in documents[0].mentions] == [
        ("BRCA1", "Gene", ("672;12189",)),
        ("mice", "Species", ("10090",)),
        ("HeLa", "CellLine", ("CVCL_0030",)),
        ("H2O", "Chemical", ("-",)),
        ("CA", "DNAMutation", ()),
    ]
    assert all(documents[0].text[m.start : m.end] == m.text for m in documents[0].mentions)


BIOC = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE collection SYSTEM "BioC.dtd">
<collection><source>PubTator</source><date/><key>BioC.key</key>
<document><id>12</id>
<passage><infon key="type">title</infon><offset>0</offset><text>Rash &amp; MS</text>
<annotation id="1"><infon key="identifier">MESH:D1|MESH:D2</infon><infon key="type">Disease</infon>
<location offset="0" length="4"/><text>Rash</text></annotation></passage>
<passage><infon key="type">abstract</infon><offset>11</offset><text>Renal and liver failure.</text>
<annotation id="2"><infon key="type">Disease</infon><infon key="MESH">D3</infon>
<location offset="27" length="7"/><text>failure</text></annotation>
<annotation id="3"><infon key="type">Disease</infon><infon key="identifier">MESH:D4</infon>
<location offset="11" length="5"/><location offset="27" length="7"/>
<text>Renal failure</text></annotation></passage></document>
<document><id>PMC9</id><passage><infon key="article-id_pmid">13</infon>
<infon key="section_type">TITLE</infon><infon key="type">front</infon><offset>0</offset>
<sentence><offset>0</offset><text>One.</text></sentence>
<sentence><offset>5</offset><text>A gout.</text>
<annotation id="1"><infon key="type">Disease</infon><infon key="identifier">D6</infon>
<location offset="7" length="4"/><text>gout</text></annotation></sentence></passage>
<passage><infon key="section_type">INTRO</infon><infon key="type">paragraph</infon>
<offset>14</offset><text>Gout.</text><annotation id="2"><infon key="identifier">D6</infon>
<location offset="14" length="4"/><text>Gout</text></annotation></passage></document>
</collection>"""


def test_bioc(read):
    first, second = read("bioc", BIOC, ".gz")
    assert (first.pmid, first.text) == (12, "Rash & MS Renal and liver failure.")
    assert [(m.start, m.end, m.text, m.identifiers) for m in first.mentions] == [
        (0, 4, "Rash", ("MESH:D1|MESH:D2",)),
        (26, 33, "failure", ("MESH:D3",)),  # offset 11 is the abstract's, 10 in the joined text
    ]
    assert first.lost == {PIECES: 1}
    assert (second.pmid, second.text, second.lost) == (13, "One. A gout.", {ELSEWHERE: 1})
    [gout] = second.mentions
    assert second.text[gout.start : gout.end] == "gout"


def test_entities_are_not_expanded_and_no_dtd_is_read(read, tmp_path):
    (tmp_path / "secret").write_text("leaked")
    entity = f'<!DOCTYPE collection [<!ENTITY s SYSTEM "file://{tmp_path}/secret">]>'
    content = f"{entity}<collection><document><id>1</id><passage><offset>0</offset>" \
        "<text>a &s; b</text></passage></document></collection>"  # fmt: skip
    [document] = read("bioc", content)
    assert "leaked" not in document.text


MENTION = '"annotations": [{"id": [], "span": {"begin": 0, "end": 1}, %s}]'


@pytest.mark.parametrize(
    ("format_", "content", "message"),
    [
        ("bern2", "{", "line 1: no JSON"),
        ("bern2", "\n" + "[" * 100_000, "line 2: no JSON"),
        ("bern2", "3", "line 1: no object with the key text"),
        ("bern2", '{"text": "a", "annotations": {}}', "annotations is no list"),
        ("bern2", '{"text": "a", "annotations": [1]}', "1 is no annotation with a span"),
        ("bern2", '{"text": "a", "annotations": [{"span": {"begin": "0", "end": 1}}]}', "no span"),
        ("bern2", '{"text": "a", "annotations": [{"span": {"begin": 5, "end": 1}}]}', "no span"),
        ("bern2", '{"text": "a", ' + MENTION % '"prob": 2' + "}", "prob is 2, no number"),
        ("bern2", '{"text": "a", ' + MENTION % '"prob": NaN' + "}", "prob is nan"),
        ("bern2", '{"text": "a", ' + MENTION % '"obj": 2' + "}", "mention and obj must be text"),
        ("bern2", '{"text": "a", ' + MENTION % '"id": [3]' + "}", "[3] is no list of identifiers"),
        ("bern2", b"\xff", "line 1: no UTF-8"),
        ("pubtator", "1|t|a\n2|a|b\n", "line 2: '2' inside document '1'"),
        ("pubtator", "1|t|a\n1|a|b\n1|a|c\n", "line 3: a document is one |t| line"),
        ("pubtator", "1\t0\t1\ta\tD\tD1\n", "line 1: a mention before"),
        ("pubtator", "1|t|a\n1\tx\t1\ta\tD\tD1\n", "line 2: 6 fields"),
        ("pubtator", "1|t|a\n1\t0\t99999999999\ta\tD\tD1\n", "line 2: 6 fields"),
        ("pubtator", "junk", "line 1: 1 fields"),
        ("bioc", "<collection>", "broken XML"),
        ("bioc", "<PubmedArticleSet/>", "its root is <PubmedArticleSet>, not <collection>"),
        (
            "bioc",
            "<collection><document><passage><text>a</text></passage></document></collection>",
            "document 1: its offset is '', no number",
        ),
    ],
)  # fmt: skip
def test_what_is_not_of_the_format_is_one_line_with_its_place(read, format_, content, message):
    with pytest.raises(InputError, match=re.escape(message)) as error:
        read(format_, content)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("format_", READERS)
def test_gzip_is_checked_and_capped(read, tmp_path, format_):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b" " * 3_000_000))
    with pytest.raises(InputError, match="more than 2 MB"):
        list(READERS[format_](path, 2))
    path.write_bytes(gzip.compress(b"\n" * 1000)[:-5])
    with pytest.raises(InputError, match="ends too early"):
        list(READERS[format_](path, 2))
    path.write_bytes(b"plain")
    with pytest.raises(InputError, match="no sound gzip file"):
        list(READERS[format_](path, 2))
    with pytest.raises(InputError, match="no such file"):
        list(READERS[format_](tmp_path / "none", 2))


def test_a_record_without_end_is_refused_before_it_fills_the_memory(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"[" + b" " * (MAX_RECORD_MB * 1_000_000 + 10))
    with pytest.raises(InputError, match="64 MB without the end of a document"):
        list(read_bern2(path, 1000))


def mention(start: int, text: str) -> TaggedMention:
    return TaggedMention(start, start + len(text), text, "", (), 1.0)


@pytest.mark.parametrize(
    ("start", "text", "expected"),
    [
        (5, "ms", (5, 7, 3, 1, 3)),  # as stated: the second of three
        (5, " ms ", (5, 7, 3, 1, 3)),  # white space at the ends: stated 5 + 1, nearest 5
        (7, "ms", (8, 10, 5, 2, 3)),  # the nearest
        (99, "ms", (8, 10, 5, 2, 3)),
        (0, "gout", None),
        (0, " ", None),
    ],
)
def test_a_mention_is_placed_at_its_nearest_occurrence(start, text, expected):
    found = place("ms x ms ms", mention(start, text))
    assert (found and found[:5]) == expected
