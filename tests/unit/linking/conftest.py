"""An invented knowledge base, built once, and the step that links documents against it."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bali.__main__ import main
from bali.linking.settings import STEPS
from bali.linking.variants import TABLE
from bali.splitter import split
from bali.storage import from_columns, read_table, write_table
from paths import REPOSITORY

NAMES = [
    ("C0000001", "kidney disease", True),
    ("C0000002", "Chronic kidney disease", True),
    ("C0000003", "Multiple sclerosis", True),
    ("C0000004", "cold", False),
    ("C0000004", "common cold", True),
    ("C0000005", "Cold", True),  # preferred here, so it comes before C0000004
    ("C0000006", "polycystic ovaries", True),
    ("C0000007", "kidney failure", True),
    ("C0000008", "failure", True),
    ("C0000009", "IV", True),
    ("C0000009", "??", False),
    ("C0000010", "disease of the far too many words that a name may have", True),
]
HELDOUT = [("C0000007", "Renal failure", "dev"), ("C0000003", "disseminated sclerosis", "test")]


def table(name: str, columns: Sequence[str], rows: Sequence[tuple], folder: Path) -> None:
    values = {column: [row[i] for row in rows] for i, column in enumerate(columns)}
    if name == "names":
        values |= {"sab": ["TEST"] * len(rows), "tty": ["PT"] * len(rows)}
    write_table(name, from_columns(name, values), folder / f"{name}.parquet")


@pytest.fixture(scope="session")
def umls(tmp_path_factory) -> Path:
    """Folder with the tables of the umls stage."""
    folder = tmp_path_factory.mktemp("umls")
    types = [("C0000001", "T047", "x"), ("C0000001", "T191", "y")]
    definitions = [("C0000003", "A", "first."), ("C0000003", "B", "second.")]
    table("names", ("cui", "name", "preferred"), NAMES, folder)
    table("heldout", ("cui", "name", "split"), HELDOUT, folder)
    table("semantic_types", ("cui", "tui", "sty"), types, folder)
    table("definitions", ("cui", "sab", "definition"), definitions, folder)
    return folder


def kb_flags(umls: Path, out: Path, min_df: int = 1) -> list[str]:
    flags = ["--names", umls / "names.parquet", "--definitions", umls / "definitions.parquet"]
    flags += ["--semantic-types", umls / "semantic_types.parquet", "--min-df", min_df]
    flags += ["--out-dir", out / "kb", "--counts", out / "kb.counts.json", "--log", out / "kb.log"]
    return ["linking", "kb", *map(str, flags)]


def index_flags(out: Path) -> list[str]:
    flags = ["--kb", out / "kb", "--m", 16, "--ef-construction", 100, "--log", out / "index.log"]
    return ["linking", "index", *map(str, flags)]


@pytest.fixture(scope="session")
def kb_command() -> Callable[..., list[str]]:
    """Arguments of `bali linking kb` over a folder of umls tables."""
    return kb_flags


@pytest.fixture(scope="session")
def index_command() -> Callable[..., list[str]]:
    """Arguments of `bali linking index` over the same folder."""
    return index_flags


@pytest.fixture(scope="session")
def kb(umls, tmp_path_factory) -> Path:
    """The folder of the built knowledge base."""
    out = tmp_path_factory.mktemp("linking")
    assert main(kb_flags(umls, out)) == 0
    assert main(index_flags(out)) == 0
    return out / "kb"


@pytest.fixture
def write_shard(tmp_path) -> Callable[..., None]:
    """Write documents.parquet and sentences.parquet from documents of (title, abstract)."""

    def write(documents: Sequence[tuple[str, str]], first_pmid: int = 1) -> None:
        n = len(documents)
        pmids = list(range(first_pmid, first_pmid + n))
        sentences = []
        for pmid, (title, abstract) in zip(pmids, documents, strict=True):
            spans = split(title) + split(f"{title} {abstract}", len(title) + 1)
            sentences += [(pmid, 1, i, *span) for i, span in enumerate(spans)]
        write_table(
            "documents",
            from_columns(
                "documents",
                {
                    "pmid": pmids,
                    "version": [1] * n,
                    "title": [title for title, _ in documents],
                    "abstract": [abstract for _, abstract in documents],
                    "sections": [[]] * n,
                    "languages": [["eng"]] * n,
                    "journal": ["j"] * n,
                    "year": [None] * n,
                    "date": [""] * n,
                    "revised": [""] * n,
                    "mesh": [[]] * n,
                    "publication_types": [[]] * n,
                    "retracted": [False] * n,
                    "doi": [""] * n,
                    "pmc": [""] * n,
                    "source": ["s"] * n,
                },
            ),
            tmp_path / "documents.parquet",
        )
        keys = ("pmid", "version", "sentence", "start", "end")
        columns = {key: [row[i] for row in sentences] for i, key in enumerate(keys)}
        write_table("sentences", from_columns("sentences", columns), tmp_path / "sentences.parquet")

    return write


@pytest.fixture
def link(tmp_path, umls, kb, write_shard) -> Callable[..., tuple[list[dict], dict]]:
    """Link documents of (title, abstract); returns the rows and the counts."""

    def run(*documents: tuple[str, str], first_pmid: int = 1, name: str = "m", **settings):
        write_shard(documents, first_pmid)
        out, counts = tmp_path / f"{name}.parquet", tmp_path / f"{name}.counts.json"
        shutil.copytree(kb, tmp_path / "kb", dirs_exist_ok=True)
        flags = {
            "documents": tmp_path / "documents.parquet",
            "sentences": tmp_path / "sentences.parquet",
            "kb": tmp_path / "kb",
            "min-characters": 3,
            "max-words": 8,
            "max-span-words": 4,
            "neighbours": 10,
            "threshold": 0.7,
            "max-candidates": 3,
            "steps": " ".join(STEPS),
            "semantic-types": "",
            "out": out,
            "counts": counts,
            "log": tmp_path / "log",
        } | {key.replace("_", "-"): value for key, value in settings.items()}
        sources = {
            "names": umls / "names.parquet",
            "heldout": umls / "heldout.parquet",
            "types": umls / "semantic_types.parquet",
            "equivalents": TABLE,
            "semantic-groups": REPOSITORY / "resources" / "semantic_groups.tsv",
            "counts": tmp_path / "names.counts.json",
        }
        shared = ("min-characters", "max-words", "steps", "semantic-types", "kb", "log")
        names = sources | {key: flags[key] for key in shared}
        for step, values in (("names", names), ("mentions", flags)):
            words = []
            for key, value in values.items():
                many = key in ("steps", "semantic-types")
                words += [f"--{key}", *(str(value).split() if many else [str(value)])]
            assert main(["linking", step, *words]) == 0
        return read_table("mentions", out).to_pylist(), json.loads(counts.read_text())

    return run
