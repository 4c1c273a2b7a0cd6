"""MedMentions in its own layout, corpus_pubtator.txt, with its hard cases; invented text."""

from bali.gold.identifiers import Identifiers
from bali.gold.pubtator import read_pubtator
from bali.storage import from_columns, write_table

# Semantic types joined by commas, UMLS: before each CUI, nested and repeated spans, a pipe and |a|
# in a passage, characters beyond the first plane, CUIs of an older release, a type that is none.
TITLE = "CFTR | \U0001d6fd-cell |a| modifier of chronic Pseudomonas aeruginosa infection"
ABSTRACT = "DCTN4 (dynactin\t4) in CF. The T121 arm; UMLS:C0000001 is text."
MENTIONS = [
    ("CFTR", "T116,T123", "UMLS:C0000001"),
    ("\U0001d6fd-cell", "T025", "UMLS:C0000002"),
    ("chronic Pseudomonas aeruginosa infection", "T047", "UMLS:C0000003"),
    ("Pseudomonas aeruginosa", "T007", "UMLS:C0000004"),
    ("Pseudomonas aeruginosa infection", "T047", "UMLS:C0000003"),
    ("DCTN4", "T116,T123", "UMLS:C0000009"),
    ("UMLS:C0000001", "UnknownType", "UMLS:C0000002"),
]


def layout() -> str:
    text = f"{TITLE} {ABSTRACT}"
    lines = [f"25763772|t|{TITLE}", f"25763772|a|{ABSTRACT}"]
    for mention, types, identifier in MENTIONS:
        start = text.index(mention)
        fields = ("25763772", str(start), str(start + len(mention)), mention, types, identifier)
        lines.append("\t".join(fields))
    return "\n".join([*lines, "", "25847295|t|No mention", "25847295|a|", ""]) + "\n"


def test_medmentions_is_gold(tmp_path):
    path = tmp_path / "corpus_pubtator.txt"
    path.write_bytes(layout().encode())
    corpus = read_pubtator(path)
    assert [(d.name, len(d.mentions)) for d in corpus.documents] == [
        ("25763772", 7), ("25847295", 0)
    ]  # fmt: skip
    first = corpus.documents[0]
    assert (first.title, first.abstract) == (TITLE, ABSTRACT)
    assert all(first.text[m.start : m.end] == m.text for m in first.mentions)
    assert [(m.text, ",".join(m.types), m.identifiers) for m in first.mentions] == [
        (mention, types, (identifier,)) for mention, types, identifier in MENTIONS
    ]


def test_its_identifiers_are_concepts_retired_ones_too(tmp_path):
    path = tmp_path / "corpus_pubtator.txt"
    path.write_bytes(layout().encode())
    retired = from_columns("retired", {"cui": ["C0000009"], "successor": ["C0000004"]})
    write_table("retired", retired, tmp_path / "retired.parquet")
    identifiers = Identifiers({f"C000000{n}" for n in range(1, 5)})
    identifiers.add_retired(tmp_path / "retired.parquet")
    mentions = read_pubtator(path).documents[0].mentions
    found = {m.text: identifiers.cuis(m.identifiers[0]) for m in mentions}
    assert found["CFTR"] == {"C0000001"}
    assert found["DCTN4"] == {"C0000004"}
    assert found["UMLS:C0000001"] == {"C0000002"}
