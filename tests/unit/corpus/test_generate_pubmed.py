"""The benchmark's input: the same bytes for the same arguments, and articles as PubMed has them."""

import subprocess
import sys
from pathlib import Path
from statistics import mean

from bali.corpus.article import Article
from bali.corpus.md5 import check_md5
from bali.corpus.xml import Deletion, read_records
from paths import REPOSITORY

ARTICLES = 400


def generate(path: Path, seed: int) -> bytes:
    command = [sys.executable, REPOSITORY / "benchmarks/generate_pubmed.py", "--out", path]
    subprocess.run([*command, "--articles", str(ARTICLES), "--seed", str(seed)], check=True)
    return path.read_bytes()


def test_the_generated_file_is_like_pubmeds(tmp_path):
    path = tmp_path / "a.xml.gz"
    data = generate(path, 29)
    assert generate(tmp_path / "b.xml.gz", 29) == data != generate(tmp_path / "c.xml.gz", 30)
    check_md5(path, Path(f"{path}.md5"))
    records = list(read_records(path, 100))
    articles = [r for r in records if isinstance(r, Article)]
    assert len(articles) == ARTICLES
    assert sum(isinstance(r, Deletion) for r in records) == 5  # every 97th
    assert 0.65 < mean(bool(r.abstract) for r in articles) < 0.85
    assert 1000 < mean(len(r.abstract) for r in articles if r.abstract) < 2000
    assert 0.15 < mean(len(r.sections) == 4 for r in articles) < 0.35
    assert all(r.title and r.doi and r.year and r.mesh and r.languages for r in articles)
    assert len({r.doi for r in articles}) == ARTICLES  # and none of the references
