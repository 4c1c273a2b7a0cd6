"""Gold in BioC XML and in BioSyn's layout, in the original form, with hard cases."""

import pytest

from bali.errors import InputError
from bali.gold.bioc import read_bioc
from bali.gold.biosyn import Query, read_dictionary, read_queries

BIOC = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE collection SYSTEM "BioC.dtd">
<collection><source>CTD</source><date>20151101</date><key>x.key</key>
<document><id>6794356</id>
<passage><infon key="type">title</infon><offset>0</offset>
 <text>\U0001d6fd blockers &amp; rash.</text>
 <annotation id="1"><infon key="type">Disease</infon><infon key="MESH">D005076</infon>
  <location offset="13" length="4"/><text>rash</text></annotation>
</passage>
<passage><infon key="type">abstract</infon><offset>19</offset><text>Skin  tumour seen.</text>
 <annotation id="2"><infon key="type">DiseaseClass</infon>
  <infon key="identifier">OMIM:1|MESH:D2</infon>
  <location offset="19" length="12"/><text>Skin  tumour</text></annotation>
 <annotation id="3"><infon key="type">Disease</infon><infon key="MESH">-1</infon>
  <location offset="32" length="4"/><text>seen</text></annotation>
 <annotation id="4"><infon key="type">Disease</infon><infon key="MESH">D3</infon>
  <location offset="19" length="4"/><location offset="25" length="6"/><text>Skin tumour</text>
 </annotation>
</passage>
<relation id="R"><infon key="relation">CID</infon></relation>
</document>
<document><id>6794356</id><passage><offset>0</offset><text>Again</text></passage></document>
</collection>
"""


@pytest.fixture
def bioc(tmp_path):
    path = tmp_path / "gold.xml"

    def read(text):
        path.write_text(text)
        return read_bioc(path)

    return read


def test_bioc_mentions_stand_at_their_offsets(bioc):
    corpus = bioc(BIOC)
    assert (corpus.repeated, corpus.relations, corpus.discontinuous) == (1, 1, 1)
    [document] = corpus.documents
    assert document.text == "\U0001d6fd blockers & rash. Skin  tumour seen."
    assert [(m.text, m.types, m.identifiers) for m in document.mentions] == [
        ("rash", ("Disease",), ("MESH:D005076",)),
        ("Skin  tumour", ("DiseaseClass",), ("OMIM:1", "MESH:D2")),
        ("seen", ("Disease",), ()),
    ]
    for m in document.mentions:
        assert document.text[m.start : m.end] == m.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('offset="13"', 'offset="12"'), "'rash' is not the text from 12 to 16"),
        (("<offset>19</offset>", "<offset>5</offset>"), "a passage at offset 5 inside the one"),
        (('length="4"/><text>rash', 'length="four"/><text>rash'), "is 'four', no number"),
        (("</collection>", ""), "no XML"),
        (("document>", "article>"), "holds no document"),
    ],
)
def test_bioc_mistakes_are_one_line(bioc, change, message):
    with pytest.raises(InputError, match=message):
        bioc(BIOC.replace(*change))


def test_bioc_replaces_no_entity(bioc, tmp_path):
    (tmp_path / "secret").write_text("secret")
    hostile = BIOC.replace(
        '<!DOCTYPE collection SYSTEM "BioC.dtd">',
        f'<!DOCTYPE collection [<!ENTITY e SYSTEM "file://{tmp_path}/secret">]>',
    ).replace("seen.", "seen. &e;")
    assert "secret" not in bioc(hostile).documents[0].text


def test_biosyn_dictionary_and_queries(tmp_path):
    dictionary = tmp_path / "dictionary.txt"
    dictionary.write_text("D2||skin  tumour\nD1|OMIM:7||apc\nD1||apc\n\nD1||b||c\n")
    assert read_dictionary([dictionary]) == [
        ("D1", "apc"),
        ("D1", "b||c"),
        ("D2", "skin  tumour"),
        ("OMIM:7", "apc"),
    ]
    (tmp_path / "9.concept").write_text("9||0|3||Disease||apc||D1+D2\n9||5|8||Disease||x||-1\n")
    (tmp_path / "10.concept").write_text("10||0|3||Modifier||tumour ||OMIM:7|D2\n")
    assert read_queries(tmp_path) == [
        Query("10", "Modifier", "tumour", ("OMIM:7", "D2")),
        Query("9", "Disease", "apc", ("D1", "D2")),
        Query("9", "Disease", "x", ()),
    ]


def test_biosyn_mistakes_are_one_line(tmp_path):
    (tmp_path / "d.txt").write_text("D1|apc\n")
    with pytest.raises(InputError, match=r"line 1: 'D1\|apc' is not identifier"):
        read_dictionary([tmp_path / "d.txt"])
    with pytest.raises(InputError, match=r"no \.concept file"):
        read_queries(tmp_path)
    (tmp_path / "1.concept").write_text("1||0|3||Disease||apc\n")
    with pytest.raises(InputError, match=r"1\.concept: line 1"):
        read_queries(tmp_path)
