"""The tables of an invented knowledge base, and both pre-tagged steps over them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bali.__main__ import main
from bali.linking.settings import STEPS
from bali.linking.variants import TABLE
from bali.splitter import split
from bali.storage import from_columns, read_table, write_table
from bali.tables import TABLES
from paths import REPOSITORY

RESOURCES = REPOSITORY / "resources"
CODES = [
    ("C0000001", "MSH", "D000001"),
    ("C0000002", "MSH", "D000002"),
    ("C0000003", "NCBI", "10090"),
    ("C0000004", "HGNC", "HGNC:5"),
    ("C0000005", "CHEBI", "CHEBI:7"),
]
NAMES = ["rash", "multiple sclerosis", "mouse", "A1BG", "aspirin"]


def write(name: str, rows: list[dict], folder: Path) -> None:
    columns = TABLES[name].columns
    values = {column: [row[column] for row in rows] for column in columns}
    write_table(name, from_columns(name, values), folder / f"{name}.parquet")


@pytest.fixture(scope="session")
def kg(tmp_path_factory) -> Path:
    """Folder with tables of the umls stage, and HGNC's file."""
    folder = tmp_path_factory.mktemp("kg")
    pairs = list(zip(CODES, NAMES, strict=True))
    write("concepts", [{"cui": c[0], "name": name} for c, name in pairs], folder)
    write("codes", [dict(zip(("cui", "sab", "code"), c, strict=True)) for c, _ in pairs], folder)
    names = [
        {"cui": c[0], "name": name, "sab": c[1], "tty": "PT", "preferred": True}
        for c, name in pairs
    ]
    write("names", names, folder)
    write("retired", [{"cui": "C0000099", "successor": "C0000002"}], folder)
    types = [{"cui": c[0], "tui": "T047", "sty": "x"} for c, _ in pairs[:2]]
    write("semantic_types", types, folder)
    held = [
        {"cui": "C0000002", "name": "disseminated sclerosis", "split": "test"},
        {"cui": "C0000002", "name": "myelin disease", "split": "test"},
    ]
    write("heldout", held, folder)
    (folder / "hgnc.tsv").write_text("hgnc_id\tentrez_id\nHGNC:5\t1\n")
    return folder


@pytest.fixture
def index(tmp_path, kg) -> Callable[..., int]:
    """Run `linking pretagged_index` over files; the exit status."""

    def run(*files: Path, format_: str = "bern2", threads: int = 1, types: str = "") -> int:
        words = ["--files", *map(str, files), "--format", format_, "--max-decompressed-mb", "10"]
        for name in ("concepts", "codes", "retired", "names", "semantic_types"):
            words += [f"--{name.replace('_', '-')}", str(kg / f"{name}.parquet")]
        words += ["--maps", str(kg / "hgnc.tsv"), "--types", *types.split()]
        words += ["--vocabularies", str(RESOURCES / "vocabularies.tsv")]
        words += ["--semantic-groups", str(RESOURCES / "semantic_groups.tsv")]
        words += ["--threads", str(threads), "--out", str(tmp_path / "pretagged.parquet")]
        words += ["--counts", str(tmp_path / "index.counts.json"), "--log", str(tmp_path / "log")]
        return main(["linking", "pretagged_index", *words])

    return run


def write_documents(folder: Path, documents: list[tuple[int, int, str, str]]) -> None:
    """Documents of (pmid, version, title, abstract) and their sentences."""
    empty = {
        "sections": [], "languages": ["eng"], "journal": "", "year": None, "date": "",
        "revised": "", "mesh": [], "publication_types": [], "retracted": False, "doi": "",
        "pmc": "", "source": "",
    }  # fmt: skip
    keys = ("pmid", "version", "title", "abstract")
    write("documents", [dict(zip(keys, d, strict=True)) | empty for d in documents], folder)
    sentences = []
    for pmid, version, title, abstract in documents:
        spans = split(title) + split(f"{title} {abstract}", len(title) + 1)
        sentences += [
            {"pmid": pmid, "version": version, "sentence": n, "start": start, "end": end}
            for n, (start, end) in enumerate(spans)
        ]
    write("sentences", sentences, folder)


@pytest.fixture
def link(tmp_path, kg) -> Callable[..., tuple[list[dict], dict]]:
    """Run `linking pretagged` over documents; the rows and the counts."""

    def run(*documents: tuple[int, int, str, str], most: int = 3) -> tuple[list[dict], dict]:
        write_documents(tmp_path, list(documents))
        words = []
        for name in ("documents", "sentences", "pretagged"):
            words += [f"--{name}", str(tmp_path / f"{name}.parquet")]
        words += ["--heldout", str(kg / "heldout.parquet"), "--equivalents", str(TABLE)]
        words += ["--steps", *STEPS, "--max-candidates", str(most)]
        words += ["--out", str(tmp_path / "mentions.parquet"), "--log", str(tmp_path / "log")]
        words += ["--counts", str(tmp_path / "mentions.counts.json")]
        assert main(["linking", "pretagged", *words]) == 0
        rows = read_table("mentions", tmp_path / "mentions.parquet").to_pylist()
        return rows, json.loads((tmp_path / "mentions.counts.json").read_text())

    return run
