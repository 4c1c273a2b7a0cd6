"""The schema of every file that one stage hands to another, each stated once.

`bali/storage.py` writes and reads the files and checks these schemas on both sides.

`python -m bali.tables` prints docs/contracts.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Column:
    """One column: its Arrow type, whether it may be null, and what it holds."""

    type: pa.DataType
    doc: str
    nullable: bool = False


@dataclass(frozen=True)
class Table:
    """One table: where it stands, how its rows are sorted, its columns in order."""

    name: str
    doc: str
    sort: tuple[str, ...]
    columns: dict[str, Column]

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema that files of this table carry."""
        return pa.schema(
            [pa.field(name, c.type, nullable=c.nullable) for name, c in self.columns.items()]
        )


STRING, INT32, INT64, BOOL = pa.string(), pa.int32(), pa.int64(), pa.bool_()


def list_of(value: pa.DataType) -> pa.DataType:
    """A list type whose items are never null."""
    return pa.list_(pa.field("item", value, nullable=False))


CUI = Column(STRING, "concept unique identifier, C and seven digits")
PMID = Column(INT64, "PubMed identifier")
VERSION = Column(INT32, "version of the PubMed record, from 1")
SENTENCE = Column(INT32, "number of the sentence in its document, from 0")
START = Column(INT32, "first code point in the document's text")
END = Column(INT32, "code point after the last in the document's text")
SECTIONS = list_of(
    pa.struct(
        [
            pa.field("label", STRING, nullable=False),
            pa.field("start", INT32, nullable=False),
            pa.field("end", INT32, nullable=False),
        ]
    )
)
MESH = list_of(
    pa.struct(
        [
            pa.field("ui", STRING, nullable=False),
            pa.field("name", STRING, nullable=False),
            pa.field("major", BOOL, nullable=False),
            pa.field("qualifiers", list_of(STRING), nullable=False),
        ]
    )
)

TABLES = {
    table.name: table
    for table in (
        Table(
            "concepts",
            "Concepts that keep at least one name.",
            ("cui",),
            {"cui": CUI, "name": Column(STRING, "preferred name, or the first by rule")},
        ),
        Table(
            "names",
            "Distinct names of concepts, held-out ones taken out.",
            ("cui", "name"),
            {
                "cui": CUI,
                "name": Column(STRING, "as in MRCONSO.STR"),
                "sab": Column(STRING, "source of the row that was kept"),
                "tty": Column(STRING, "term type in that source"),
                "preferred": Column(BOOL, "preferred name of its concept (TS=P, STT=PF, ISPREF=Y)"),
            },
        ),
        Table(
            "codes",
            "Identifiers of concepts in their sources.",
            ("cui", "sab", "code"),
            {
                "cui": CUI,
                "sab": Column(STRING, "source"),
                "code": Column(STRING, "identifier in that source"),
            },
        ),
        Table(
            "semantic_types",
            "Semantic types of concepts.",
            ("cui", "tui"),
            {
                "cui": CUI,
                "tui": Column(STRING, "identifier of the semantic type, T and three digits"),
                "sty": Column(STRING, "its name"),
            },
        ),
        Table(
            "definitions",
            "Definitions of concepts.",
            ("cui", "sab", "definition"),
            {
                "cui": CUI,
                "sab": Column(STRING, "source"),
                "definition": Column(STRING, "text"),
            },
        ),
        Table(
            "relations",
            "Directed relations `head RELA tail`. MRREL reads backwards: head = CUI2, tail = CUI1.",
            ("head", "tail", "rel", "rela", "sab"),
            {
                "head": Column(STRING, "CUI of the subject (MRREL.CUI2)"),
                "tail": Column(STRING, "CUI of the object (MRREL.CUI1)"),
                "rel": Column(STRING, "MRREL.REL: CHD says that the head is a child of the tail"),
                "rela": Column(STRING, "MRREL.RELA, more specific; empty where there is none"),
                "sab": Column(STRING, "source"),
            },
        ),
        Table(
            "heldout_relations",
            "Relations taken out before the graph is built: all that joins a drawn pair.",
            ("head", "tail", "rel", "rela", "sab"),
            {
                "head": Column(STRING, "as in relations"),
                "tail": Column(STRING, "as in relations"),
                "rel": Column(STRING, "as in relations"),
                "rela": Column(STRING, "as in relations"),
                "sab": Column(STRING, "as in relations"),
            },
        ),
        Table(
            "retired",
            "Retired concept identifiers and the concepts that took their place (MRCUI, REL=SY).",
            ("cui",),
            {
                "cui": Column(STRING, "the identifier in an earlier release"),
                "successor": Column(STRING, "CUI of the concept, one of the table concepts"),
            },
        ),
        Table(
            "rejects",
            "Malformed rows of the RRF files, set aside.",
            ("file", "line"),
            {
                "file": Column(STRING, "path of the RRF file, as it was given"),
                "line": Column(INT64, "number of the row in that file, from 1"),
                "reason": Column(STRING, "too few fields, too many fields or not UTF-8"),
                "sha256": Column(STRING, "of the row's bytes without its line end"),
                "content": Column(pa.binary(), "the row's bytes without its line end"),
            },
        ),
        Table(
            "heldout",
            "Names that no other table holds: the questions of the zero-shot linking task.",
            ("cui",),
            {
                "cui": CUI,
                "name": Column(STRING, "the name taken out"),
                "split": Column(STRING, "dev or test"),
            },
        ),
        Table(
            "documents",
            "PubMed records of one shard. Text = title + one space + abstract.",
            ("pmid", "version"),
            {
                "pmid": PMID,
                "version": VERSION,
                "title": Column(STRING, "mark-up removed, its text kept"),
                "abstract": Column(STRING, "sections joined by one space; may be empty"),
                "sections": Column(
                    SECTIONS, "sections of the abstract: label, or empty; offsets in the text"
                ),
                "languages": Column(list_of(STRING), "of the article; three letters each"),
                "journal": Column(STRING, "title of the journal, or of a chapter's book"),
                "year": Column(INT32, "year of publication, where it is stated", nullable=True),
                "date": Column(STRING, "of publication: yyyy, yyyy-mm or yyyy-mm-dd, or empty"),
                "revised": Column(STRING, "date of the record's last revision, or empty"),
                "mesh": Column(
                    MESH,
                    "MeSH headings: descriptor's identifier (empty in old files) and name, major "
                    "topic, names of the qualifiers",
                ),
                "publication_types": Column(list_of(STRING), "publication types"),
                "retracted": Column(BOOL, "the article is a retracted publication"),
                "doi": Column(STRING, "the article's own DOI, or empty"),
                "pmc": Column(STRING, "the article's own identifier in PubMed Central, or empty"),
                "source": Column(STRING, "name of the file that it was read from"),
            },
        ),
        Table(
            "deletions",
            "Keys that a shard's DeleteCitation removes from earlier shards.",
            ("pmid", "version"),
            {"pmid": PMID, "version": VERSION},
        ),
        Table(
            "kept",
            "The records that go on: latest file and version; no deleted or unwanted ones.",
            ("pmid", "version"),
            {"pmid": PMID, "version": VERSION, "shard": Column(STRING, "shard that holds it")},
        ),
        Table(
            "sentences",
            "Sentences of the documents of one shard.",
            ("pmid", "version", "sentence"),
            {"pmid": PMID, "version": VERSION, "sentence": SENTENCE, "start": START, "end": END},
        ),
        Table(
            "mentions",
            "Mentions of concepts in sentences; one row a candidate.",
            ("pmid", "version", "start", "end", "rank"),
            {
                "pmid": PMID,
                "version": VERSION,
                "sentence": SENTENCE,
                "start": START,
                "end": END,
                "text": Column(STRING, "the text from start to end"),
                "cui": CUI,
                "score": Column(
                    pa.float32(),
                    "1 for a name or a variant of one; of a pre-tagged mention the tool's; else "
                    "cosine of TF-IDF vectors",
                ),
                "rank": Column(INT32, "0 = the chosen candidate"),
                "method": Column(
                    STRING, "exact, variant, abbreviation, candidate, scispacy or pretagged"
                ),
            },
        ),
        Table(
            "pretagged",
            "Mentions of pre-tagged files, with the concepts of their identifiers. Offsets are "
            "those of the file's text, which may differ from the document's.",
            ("pmid", "start", "end"),
            {
                "pmid": PMID,
                "start": Column(INT32, "first code point in the file's text"),
                "end": Column(INT32, "code point after the last in the file's text"),
                "before": Column(INT32, "characters before it that are no white space"),
                "occurrence": Column(INT32, "of its text in the file's text, from 0"),
                "occurrences": Column(INT32, "of its text in the file's text, in all"),
                "text": Column(STRING, "the mention"),
                "cuis": Column(list_of(STRING), "its concepts, the best first; at least one"),
                "score": Column(pa.float32(), "confidence of the tool, or 1"),
            },
        ),
        Table(
            "nodes",
            "Concepts as nodes of the graph, numbered in the order of their CUIs.",
            ("node",),
            {
                "node": Column(INT32, "node id, from 0"),
                "cui": CUI,
                "name": Column(STRING, "name of the concept"),
                "degree": Column(INT32, "neighbours in its CSR row, parallel edges counted"),
            },
        ),
        Table(
            "edge_types",
            "What the relation ids of the graph stand for.",
            ("relation",),
            {
                "relation": Column(INT32, "relation id, from 0"),
                "rel": Column(STRING, "MRREL.REL, read from the edge's source to its target"),
                "rela": Column(STRING, "MRREL.RELA; empty where there is none"),
                "added": Column(BOOL, "an inverse that the graph stage added"),
                "phrase": Column(STRING, "the relation in words"),
            },
        ),
        Table(
            "hierarchy",
            "Which concept is a kind of which other, as PAR and CHD state it.",
            ("child", "parent"),
            {
                "child": Column(INT32, "node id of the narrower concept"),
                "parent": Column(INT32, "node id of the broader one"),
            },
        ),
        Table(
            "subgraphs",
            "Sampled neighbourhoods, several a concept. Edges point to the centre; what is drawn "
            "again, with replacement, is an edge again.",
            ("centre", "sample"),
            {
                "sample": Column(INT32, "number of the sample, from 0"),
                "centre": Column(INT32, "node id"),
                "node": Column(list_of(INT32), "distinct node ids; the centre first"),
                "source": Column(list_of(INT32), "edge -> position in `node` of its source"),
                "target": Column(list_of(INT32), "edge -> position in `node` of its target"),
                "relation": Column(list_of(INT32), "edge -> relation id"),
            },
        ),
        Table(
            "pairs",
            "Tokenised sentences with mentions (Arrow IPC, mapped into memory).",
            ("pmid", "version", "sentence"),
            {
                "pmid": PMID,
                "version": VERSION,
                "sentence": SENTENCE,
                "input_ids": Column(list_of(INT32), "token ids with special tokens"),
                "token": Column(list_of(INT32), "positions of tokens that belong to mentions"),
                "owner": Column(list_of(INT32), "for each of them its mention, from 0"),
                "concept": Column(list_of(INT32), "mention -> node id"),
            },
        ),
        Table(
            "node_names",
            "Tokenised names of the nodes (Arrow IPC, mapped into memory).",
            ("node", "name"),
            {
                "node": Column(INT32, "node id"),
                "name": Column(STRING, "the name"),
                "input_ids": Column(list_of(INT32), "token ids with special tokens"),
            },
        ),
        Table(
            "soft_links",
            "Spans that equal no name, with what they may mean (Arrow IPC, mapped into memory).",
            ("span",),
            {
                "span": Column(STRING, "the text, as the tokeniser writes it"),
                "input_ids": Column(list_of(INT32), "token ids with special tokens"),
                "name": Column(
                    list_of(INT32), "rows of node_names, the likeliest first, and the nearest"
                ),
                "logit": Column(list_of(pa.float32()), "of each, over one constant a span, nats"),
                "nearest": Column(INT32, "place in `name` of the nearest by the cosine alone"),
            },
        ),
    )
}


def contracts() -> str:
    """docs/contracts.md: every table with its columns."""
    lines = [
        "# Data dictionary",
        "",
        "Made by `python -m bali.tables`; a test keeps it current. Every offset is in Unicode code",
        "points, half-open, relative to the document's text. Columns are never null unless marked.",
    ]
    for table in TABLES.values():
        lines += ["", f"## {table.name}", "", table.doc, f"Sorted by {', '.join(table.sort)}.", ""]
        lines += ["| column | type | what it holds |", "|---|---|---|"]
        for name, column in table.columns.items():
            null = ", may be null" if column.nullable else ""
            kind = str(column.type).replace(" not null", "")
            lines.append(f"| {name} | {kind}{null} | {column.doc} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(contracts())
