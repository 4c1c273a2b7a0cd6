"""PubMed files as the tests want them."""

import gzip
from collections.abc import Callable
from hashlib import md5
from pathlib import Path

import pytest

from bali.__main__ import main


@pytest.fixture
def pubmed_file(tmp_path: Path) -> Callable[..., Path]:
    """Write `<name>.xml.gz` with the given records and its .md5; returns the file's path."""

    def write(name: str, *records: str, root: str = "PubmedArticleSet") -> Path:
        path = tmp_path / f"{name}.xml.gz"
        text = f"<?xml version='1.0'?><{root}>{''.join(records)}</{root}>"
        path.write_bytes(gzip.compress(text.encode(), mtime=0))
        sidecar(path)
        return path

    return write


def sidecar(path: Path) -> None:
    digest = md5(path.read_bytes()).hexdigest()
    Path(f"{path}.md5").write_text(f"MD5({path.name})= {digest}\n")


@pytest.fixture
def renew_md5() -> Callable[[Path], None]:
    """Make a file's .md5 right again after the file was changed."""
    return sidecar


@pytest.fixture
def documents_step(tmp_path: Path) -> Callable[..., int]:
    """Run `bali corpus documents` on files; outputs go to tmp_path/out; returns the exit code."""

    def run(*files: Path, cap: int = 100, set_aside: bool = False, folder: str = "out") -> int:
        out = tmp_path / folder
        flags = ["--xml", *files, "--md5", *(f"{path}.md5" for path in files)]
        flags += ["--max-decompressed-mb", cap, "--out", out / "documents.parquet"]
        flags += ["--deletions", out / "deletions.parquet"]
        flags += ["--counts", out / "documents.counts.json", "--log", tmp_path / "step.log"]
        flags += ["--set-aside-broken"] * set_aside
        return main(["corpus", "documents", *map(str, flags)])

    return run


@pytest.fixture
def article() -> Callable[..., str]:
    """The XML of one article."""

    def make(pmid: int, title: str = "", abstract: str = "", version: int = 1) -> str:
        return (
            f"<PubmedArticle><MedlineCitation><PMID Version='{version}'>{pmid}</PMID><Article>"
            f"<ArticleTitle>{title}</ArticleTitle>"
            f"<Abstract><AbstractText>{abstract}</AbstractText></Abstract>"
            "</Article></MedlineCitation></PubmedArticle>"
        )

    return make


@pytest.fixture
def deletion() -> Callable[..., str]:
    """The XML of a DeleteCitation of (PMID, version) keys."""

    def make(*keys: tuple[int, int]) -> str:
        pmids = "".join(f"<PMID Version='{version}'>{pmid}</PMID>" for pmid, version in keys)
        return f"<DeleteCitation>{pmids}</DeleteCitation>"

    return make
