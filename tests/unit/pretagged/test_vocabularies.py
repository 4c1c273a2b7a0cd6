"""Identifiers as tools write them, and the concepts that they stand for."""

import re

import pytest

from bali.errors import InputError
from bali.pretagged.concepts import Concepts, Tables
from bali.pretagged.vocabularies import Code, Identifier, Vocabularies
from bali.storage import from_columns, write_table
from paths import REPOSITORY

KNOWN = Vocabularies(REPOSITORY / "resources" / "vocabularies.tsv")


@pytest.mark.parametrize(
    ("written", "kind", "identifier", "code"),
    [
        ("mesh:D003920", "disease", ("mesh", "D003920"), ("MSH", "D003920")),
        ("MESH: D003920", "", ("mesh", "D003920"), ("MSH", "D003920")),
        ("C000608854", "Gene", ("mesh", "C000608854"), ("MSH", "C000608854")),
        ("mim:114480", "", ("omim", "114480"), ("OMIM", "114480")),
        ("9606", "Species", ("ncbitaxon", "9606"), ("NCBI", "9606")),
        ("NCBITaxon:9606", "species", ("ncbitaxon", "9606"), ("NCBI", "9606")),
        (
            "cellosaurus:CVCL_0030", "cell_line", ("cellosaurus", "0030"),
            ("NCI_CELLOSAURUS", "CVCL_0030"),
        ),
        ("CVCL_0030", "CellLine", ("cellosaurus", "0030"), ("NCI_CELLOSAURUS", "CVCL_0030")),
        ("672", "Gene", ("ncbigene", "672"), None),
        ("EntrezGene:672", "gene", ("ncbigene", "672"), None),
        ("HP:HP:0000001", "", ("hp", "0000001"), ("HPO", "HP:0000001")),
        ("HP_0000001", "", ("hp", "0000001"), ("HPO", "HP:0000001")),
        ("CHEBI:15377", "drug", ("chebi", "15377"), ("CHEBI", "CHEBI:15377")),
        ("UMLS:C0000001", "", ("umls", "C0000001"), None),
        ("C0000001", "", ("umls", "C0000001"), None),
        ("rs123", "SNP", ("unknown", "RS123"), None),
        ("foo:bar", "", ("unknown", "FOO:BAR"), None),
    ],
)  # fmt: skip
def test_identifiers(written, kind, identifier, code):
    found = KNOWN.one(written, kind)
    assert found == Identifier(*identifier)
    assert KNOWN.target(found) == (code and Code(*code))


def test_several_identifiers_of_a_mention():
    def read(*written, kind="Gene"):
        return [i.code for i in KNOWN.read(written, kind)]

    assert read("672;12189") == ["672", "12189"]
    assert read("MESH:D1|MESH:D2+OMIM:3,MESH:D1") == ["D1", "D2", "3"]
    assert read("CUI-less", "-", "-1", " ") == []
    assert read("foo:1", "MESH:D000001") == ["D000001"]  # the unknown one only where it is alone
    assert read("foo:1", "foo:2") == ["FOO:1", "FOO:2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prefix\n", "line 1: the columns must be"),
        ("prefix\tvocabulary\tsab\tcode\na\tb\tc\td\n", "line 2"),
        ("prefix\tvocabulary\tsab\tcode\na\tb\tc\t{}\na\tb\tc\t{}\n", "line 3"),
        ("prefix\tvocabulary\tsab\tcode\na\tb\tc\t{}\nd\tb\tx\t{}\n", "line 3: b has two SABs"),
    ],
)
def test_a_broken_table_of_vocabularies_names_the_line(tmp_path, text, message):
    (tmp_path / "v.tsv").write_text(text)
    with pytest.raises(InputError, match=re.escape(message)):
        Vocabularies(tmp_path / "v.tsv")


def write(name, columns, rows, folder):
    values = {column: [row[i] for row in rows] for i, column in enumerate(columns)}
    write_table(name, from_columns(name, values), folder / f"{name}.parquet")


@pytest.fixture
def tables(tmp_path):
    """Five concepts; D1 is two of them, HGNC has a gene, C0000009 is retired."""
    cuis = [f"C000000{n}" for n in range(1, 6)]
    write("concepts", ("cui", "name"), [(cui, "x") for cui in cuis], tmp_path)
    codes = [
        ("C0000001", "MSH", "D000001"), ("C0000002", "MSH", "D000001"), ("C0000003", "HPO", "HP:7"),
        ("C0000003", "OMIM", "D000001"), ("C0000004", "HGNC", "HGNC:5"),
        ("C0000008", "MSH", "D000008"),
    ]  # fmt: skip
    write("codes", ("cui", "sab", "code"), codes, tmp_path)
    write("retired", ("cui", "successor"), [("C0000009", "C0000005")], tmp_path)
    names = [
        ("C0000001", "gout", "MSH", "PT", True), ("C0000002", "Gouty arthritis", "MSH", "PT", True)
    ]  # fmt: skip
    write("names", ("cui", "name", "sab", "tty", "preferred"), names, tmp_path)
    (tmp_path / "hgnc.tsv").write_text("hgnc_id\tsymbol\tentrez_id\nHGNC:5\tA1BG\t1\nHGNC:6\t\t\n")
    (tmp_path / "mesh.tsv").write_text("mesh_id\tcuis\nD000002\tC0000003|C0000099\n")
    return Tables(
        *(tmp_path / f"{name}.parquet" for name in ("concepts", "codes", "retired", "names")),
        (tmp_path / "hgnc.tsv", tmp_path / "mesh.tsv"),
    )


def concepts_of(tables, *written, text="", ranks=None):
    identifiers = [KNOWN.one(one) for one in written]
    return Concepts(identifiers, tables, KNOWN, ranks).of(identifiers, text)


def test_codes_files_and_retired_concepts(tables):
    assert concepts_of(tables, "D000001") == ["C0000001", "C0000002"]
    assert concepts_of(tables, "HP:7", "D000001") == ["C0000003", "C0000001", "C0000002"]
    assert concepts_of(tables, "NCBIGene:1") == ["C0000004"]  # through HGNC
    assert concepts_of(tables, "HGNC:5") == ["C0000004"]
    assert concepts_of(tables, "D000002") == ["C0000003"]
    assert concepts_of(tables, "UMLS:C0000009") == ["C0000005"]
    # no concept: a code of something left out, an unknown gene, an unknown CUI
    assert concepts_of(tables, "D000008", "NCBIGene:2", "C0000077", "foo:1") == []


def test_of_several_concepts_of_a_code_the_one_so_named_comes_first(tables):
    assert concepts_of(tables, "D000001", text="gouty-arthritis") == ["C0000002", "C0000001"]
    ranks = {"C0000002": 1, "C0000001": 0}
    assert concepts_of(tables, "D000001", text="gouty arthritis", ranks=ranks)[0] == "C0000001"
    assert concepts_of(tables, "D000001", ranks={"C0000002": 0}) == ["C0000002"]


@pytest.mark.parametrize("content", ["", "hgnc_id\tsymbol\n", "a\tb\n", "symbol\tcuis\n"])
def test_a_file_of_identifiers_of_another_shape_is_the_users_mistake(tables, content):
    tables.maps[0].write_text(content)
    with pytest.raises(InputError, match="two must be identifiers"):
        concepts_of(tables, "D000001")
