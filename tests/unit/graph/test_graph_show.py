"""`bali graph show` on an invented graph: what is printed, what is drawn, what goes wrong."""

import itertools
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bali.__main__ import main
from bali.graph import lookup
from bali.graph.adjacency import Csr
from bali.graph.artifacts import Graph, Relation
from bali.graph.layout import ROW, lay_out
from bali.graph.markup import escape, shorten, width
from bali.graph.neighbourhood import Branch, Group, neighbourhood
from bali.relations import TABLE, read_relations
from bali.storage import from_columns, write_table

HOSTILE = 'Flark <b>"pain"</b> & \x0b woe'
NAMES = {
    "C0000001": "Zorbitis",
    "C0000002": "Flark disease",
    "C0000003": "Left flark",
    "C0000004": "Acute zorbitis",
    "C0000005": HOSTILE,
    "C0000006": "Lone thing",
}
# (head, tail, REL, RELA): "Zorbitis isa Flark disease", ...
RELATIONS = [
    ("C0000001", "C0000002", "CHD", "isa"),
    ("C0000001", "C0000002", "CHD", ""),
    ("C0000001", "C0000003", "RO", "has_finding_site"),
    ("C0000004", "C0000001", "CHD", "isa"),
    ("C0000005", "C0000003", "RO", "has_finding_site"),
    ("C0000001", "C0000005", "RO", "has_manifestation"),
]


@pytest.fixture
def results(tmp_path):
    """The results of the umls and graph stages for six concepts."""
    umls = tmp_path / "results" / "umls"

    def write(table, **columns):
        write_table(table, from_columns(table, columns), umls / f"{table}.parquet")

    write("concepts", cui=list(NAMES), name=list(NAMES.values()))
    cuis = sorted([*NAMES, "C0000001", "C0000005"])
    names = [
        "ZORB-itis",
        "Zorbitis",
        *list(NAMES.values())[1:4],
        HOSTILE,
        "left flark",
        "Lone thing",
    ]
    preferred = [name in NAMES.values() for name in names]
    size = len(cuis)
    write("names", cui=cuis, name=names, sab=["X"] * size, tty=["PT"] * size, preferred=preferred)
    types = ["T047", "T047", "T023", "T047", "T184"]
    write("semantic_types", cui=list(NAMES)[:5], tui=types, sty=["a type"] * 5)
    write("definitions", cui=["C0000001"], sab=["X"], definition=["Inflammation of a <flark>."])
    write("retired", cui=["C0000099"], successor=["C0000001"])
    head, tail, rel, rela = zip(*sorted(RELATIONS), strict=True)
    write("relations", head=head, tail=tail, rel=rel, rela=rela, sab=["X"] * len(head))
    command = ["graph", "csr", "--concepts", f"{umls}/concepts.parquet"]
    command += ["--relations", f"{umls}/relations.parquet", "--phrases", str(TABLE)]
    graph = tmp_path / "results" / "graph"
    command += ["--out-dir", str(graph), "--counts", f"{graph}/csr.counts.json"]
    assert main([*command, "--log", str(tmp_path / "log")]) == 0
    return tmp_path / "results"


def show(results, *words):
    return main(["graph", "show", *words, "--results", str(results)])


PRINTED = f"""\
C0000001  Zorbitis
  names       Zorbitis  [X PT, preferred]
              ZORB-itis  [X PT]
  types       a type  [T047, Disorders]
  definition  Inflammation of a <flark>.  [X]
  edges       5

Zorbitis
├── has manifestation: {HOSTILE}  C0000005
│   └── is found in: Left flark  C0000003  (shown elsewhere)
├── has subtype: Acute zorbitis  C0000004
├── is a · is a child of: Flark disease  C0000002
└── is found in: Left flark  C0000003
    └── is the site of: {HOSTILE}  C0000005  (shown elsewhere)
"""


@pytest.mark.parametrize("words", [["C0000001"], ["c0000001"], ["zorbitis"], ["Zorb", "Itis"]])
def test_a_concept_is_printed_with_all_around_it(results, capsys, words):
    assert show(results, *words) == 0
    assert capsys.readouterr().out == PRINTED.replace("\x0b", "\ufffd")


def test_the_releases_own_inverses_are_shown(results, tmp_path, capsys):
    mrdoc = tmp_path / "MRDOC.RRF"
    mrdoc.write_text("RELA|isa|rela_inverse|inverse_of_isa|\n")
    umls, graph = results / "umls", results / "graph"
    command = ["graph", "csr", "--concepts", f"{umls}/concepts.parquet", "--mrdoc", str(mrdoc)]
    command += ["--relations", f"{umls}/relations.parquet", "--phrases", str(TABLE)]
    command += ["--out-dir", str(graph), "--counts", f"{graph}/csr.counts.json"]
    assert main(command) == 0
    assert show(results, "C0000001") == 0
    printed = capsys.readouterr().out
    assert "has subtype" not in printed  # what the table has as the inverse of isa
    assert 'is the target of "of isa" from: Acute zorbitis' in printed


def test_a_drawing_below_a_file_is_one_line(results, capsys):
    (results / "file").write_text("")
    assert show(results, "C0000001", "--out", str(results / "file/lone.svg")) == 2
    (line,) = [s for s in capsys.readouterr().err.splitlines() if "bali: error: " in s]
    assert f"{results}/file/lone.svg: its folder cannot be made" in line


def test_one_hop_and_a_concept_alone(results, capsys):
    assert show(results, "C0000001", "--hops", "1") == 0
    assert "shown elsewhere" not in capsys.readouterr().out
    assert show(results, "lone thing", "--out", str(results / "lone.svg")) == 0
    assert capsys.readouterr().out.endswith("  edges       0\n\nLone thing\n")
    assert "no neighbours" in (results / "lone.svg").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["C1234567"], ["C1234567: no concept of", "concepts.parquet"]),
        (["C0000099"], ["C0000099", "retired, C0000001 took its place"]),
        (["left flark"], ["of 2 concepts", "C0000003 Left flark", "C0000005", "give the CUI"]),
        (["zorbitus"], ["no concept has this name", "nearest are Zorbitis (C0000001)"]),
        (["flark", "diseases"], ["nearest are Flark disease (C0000002)"]),
        (["qqqq"], ["no name in", "is near"]),
        (["..."], ["no letter and no digit"]),
        (["C0000001", "--hops", "0"], ["--hops 0: must be from 1 to 5"]),
        (["C0000001", "--sample", "0"], ["--sample 0: must be at least 1"]),
        (["C0000001", "--out", "x.png"], ["--out x.png: must end in .svg or .html"]),
        (["C0000001", "--results", "nowhere"], ["nowhere/umls", "no such file", "snakemake"]),
    ],
)
def test_a_mistake_is_one_line(results, capsys, words, message):
    command = ["graph", "show", *words]
    assert main(command if "--results" in words else [*command, "--results", str(results)]) == 2
    error = capsys.readouterr().err.strip()
    assert error.count("\n") == 0 and all(part in error for part in message), error


def test_a_concept_that_the_graph_leaves_out(results, capsys):
    nodes = lookup.pq.read_table(results / "graph/nodes.parquet").slice(1)
    write_table("nodes", nodes, results / "graph/nodes.parquet")
    assert show(results, "C0000001") == 2
    printed = capsys.readouterr()
    assert "C0000001  Zorbitis" in printed.out
    assert "C0000001: no node of" in printed.err and "mentioned_hops" in printed.err


def test_a_reader_that_has_seen_enough_is_no_error(results):
    command = [sys.executable, "-m", "bali", "graph", "show", "C0000001", "--results", str(results)]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    program.stdout.close()
    assert (program.stderr.read(), program.wait()) == (b"", 0)


class Page(HTMLParser):
    """Collects what an HTML file would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.foreign += [name for name, _ in attributes if name in ("src", "href", "srcset")]
        self.foreign += [name for name, _ in attributes if name.startswith("on")]


def test_the_drawings_hold_everything_escaped_and_nothing_foreign(results):
    svg, page = results / "a.svg", results / "a.html"
    for path in (svg, page):
        assert show(results, "C0000001", "--out", str(path)) == 0
    root = ElementTree.parse(svg).getroot()  # well-formed, in spite of the names
    texts = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
    clean = HOSTILE.replace("\x0b", "\ufffd")
    for expected in ("Acute zorbitis", "Flark disease", clean, "is found in", "has subtype"):
        assert expected in texts
    assert "Disorders: 4" in texts and "Anatomy: 1" in texts
    titles = ["".join(t.itertext()) for t in root.iter("{http://www.w3.org/2000/svg}title")]
    assert any("Inflammation of a <flark>." in title for title in titles)

    parser = Page()
    text = page.read_text()
    parser.feed(text)
    assert parser.foreign == [] and not parser.tags & {"script", "link", "img", "iframe", "b"}
    assert "default-src 'none'" in text and svg.read_text() in text
    again = results / "b.svg"
    assert show(results, "C0000001", "--out", str(again)) == 0
    assert again.read_bytes() == svg.read_bytes()


def star(kinds):
    """A graph whose node 0 has one neighbour for each relation named, in that relation to it."""
    labels = sorted(set(kinds))
    size = len(kinds)
    csr = Csr(
        np.array([0, *[size] * (size + 1)], np.int64),
        np.arange(1, size + 1, dtype=np.int32),
        np.array([labels.index(kind) for kind in kinds], np.int32),
    )
    return Graph(Path(), csr, [Relation("RO", label, False, label) for label in labels])


def test_of_many_neighbours_a_few_are_drawn_from_every_relation():
    kinds = ["isa"] * 100 + ["part_of"] * 5 + ["has_finding_site"]
    words = read_relations(TABLE)
    tree = neighbourhood(star(kinds), words, 0, 2, 12, 29)
    found = {group.phrase: (len(group.shown), group.more) for group in tree.groups}
    # one turn of three, four of two, then the last one alone
    assert found == {"has subtype": (6, 94), "has part": (5, 0), "is the site of": (1, 0)}
    assert neighbourhood(star(kinds), words, 0, 2, 12, 29).nodes() == tree.nodes()
    assert neighbourhood(star(kinds), words, 0, 2, 12, 30).nodes() != tree.nodes()


@given(st.lists(st.sampled_from(["isa", "part_of", "x"]), max_size=40), st.integers(1, 30))
def test_no_neighbour_is_lost_or_told_twice(kinds, sample):
    tree = neighbourhood(star(kinds), read_relations(TABLE), 0, 1, sample, 29)
    shown = [branch.node for group in tree.groups for branch in group.shown]
    assert len(shown) == len(set(shown)) == min(sample, len(kinds))
    assert len(shown) + sum(group.more for group in tree.groups) == len(kinds)


NODES = itertools.count(1)


def branches(depth):
    """Strategy: trees of so many hops, of any phrases."""
    groups = st.just([])
    if depth:
        group = st.builds(
            Group,
            phrase=st.text("ab c", min_size=1, max_size=60),
            shown=st.lists(branches(depth - 1), min_size=1, max_size=4),
            again=st.just([]),
            more=st.integers(0, 2),
        )
        groups = st.lists(group, max_size=3)
    return groups.map(lambda groups: Branch(next(NODES), 0, groups))


@given(branches(2), st.text(min_size=1, max_size=60))
def test_no_label_overlaps_another(tree, name):
    """Boxes of a side: those that share a row stand in different columns, apart from each other."""
    names = dict.fromkeys(tree.nodes(), name)
    sides = lay_out(tree, names, 60)
    drawn = 0
    for side in sides:
        boxes = list(side.boxes())
        drawn += sum(box.node is not None for box in boxes)
        for box in boxes:
            assert 60 < box.x and box.x + box.width <= side.reach + 1e-6
            assert ROW / 2 <= box.y <= side.height
            for bundle in box.bundles:  # a phrase has room between a box and what hangs on it
                assert box.x + box.width < bundle.boxes[0].x - bundle.width
        for one, other in itertools.combinations(boxes, 2):
            apart = abs(one.y - other.y) >= ROW - 1e-6
            assert apart or one.x + one.width < other.x or other.x + other.width < one.x
    assert drawn == len(tree.nodes()) - 1


@given(st.text())
def test_any_text_can_stand_in_a_picture(text):
    parsed = ElementTree.fromstring(f'<a b="{escape(text)}">{escape(text)}</a>')
    kept = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "\ufffd", text)
    assert (parsed.text or "").replace("\r", "\n") == re.sub("\r\n?", "\n", kept)
    assert width(text, 12) >= 0 and len(shorten(text, 10)) <= 10


def test_looking_loads_no_pandas_and_no_torch(results):
    code = "import sys; from bali.__main__ import main; main(sys.argv[1:]);"
    code += "print([name for name in ('pandas', 'torch', 'scipy') if name in sys.modules])"
    words = ["graph", "show", "zorbitis", "--results", str(results), "--log", f"{results}/log"]
    command = [sys.executable, "-c", code, *words, "--out", str(results / "x.html")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_row_groups_that_cannot_hold_a_concept_are_not_read(tmp_path, monkeypatch):
    cuis = [f"C{n:07d}" for n in range(3 * 65_536)]
    write_table(
        "concepts", from_columns("concepts", {"cui": cuis, "name": cuis}), tmp_path / "c.parquet"
    )
    read = []
    original = lookup.pq.ParquetFile.read_row_group
    monkeypatch.setattr(
        lookup.pq.ParquetFile,
        "read_row_group",
        lambda self, group, **flags: read.append(group) or original(self, group, **flags),
    )
    wanted = ["C0131072", "C0000005", "C9999999"]
    rows = lookup.rows_of("concepts", tmp_path / "c.parquet", wanted, "name")
    assert rows["name"].to_pylist() == ["C0000005", "C0131072"] and read == [0, 2]
