"""Other ways into the table of mentions, in the whole DAG."""

import json
import shutil
from pathlib import Path

import pytest

from bali.storage import read_table
from project import Project

pytestmark = pytest.mark.xdist_group("dag")


@pytest.fixture
def project(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project, whose results a test may change."""
    project = Project.__new__(Project)
    project.repository, project.work = finished.repository, tmp_path / "work"
    shutil.copytree(finished.work, project.work)
    return project


def with_config(project: Project, text: str) -> tuple[str, str, str]:
    """Flags of a config that differs."""
    changed = project.work / "changed.yaml"
    changed.write_text(text)
    return "--configfile", f"{project.repository}/tests/tiny/config.yaml", str(changed)


def documents_of(project: Project) -> list[dict]:
    paths = sorted((project.work / "results/corpus").glob("*/documents.parquet"))
    return [row for path in paths for row in read_table("documents", path).to_pylist()]


def test_pretagged_mentions_take_the_place_of_the_dictionarys(project: Project) -> None:
    folder = project.work / "resources/pretagged"
    folder.mkdir()
    lines, stated = [], set()
    for document in documents_of(project):
        text = f"{document['title']} {document['abstract']}"
        start = text.index("zorbitis") if "zorbitis" in text else None
        annotations = []
        if start is not None:
            span = {"begin": start, "end": start + 8}
            annotations = [{"id": ["UMLS:C9000001"], "mention": "zorbitis", "span": span}]
            stated.add((document["pmid"], document["version"], start))
        lines.append({"pmid": document["pmid"], "text": text, "annotations": annotations})
    (folder / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines[::-1]))
    config = "linking: {method: pretagged, pretagged: {pattern: '*.jsonl'}}\n"
    config += "pairs: {methods: [pretagged]}"
    flags = with_config(project, config)
    done = project.run("--cores", "2", "linking", *flags)
    assert done.returncode == 0, done.stdout[-3000:]
    results = project.work / "results/linking"
    rows = [
        row
        for path in sorted((results / "1").glob("*.parquet"))
        for row in read_table("mentions", path).to_pylist()
    ]
    assert {(r["pmid"], r["version"], r["start"]) for r in rows} == stated and len(stated) > 1
    assert {(r["cui"], r["method"], r["text"]) for r in rows} == {
        ("C9000001", "pretagged", "zorbitis")
    }
    assert json.loads((results / "pretagged.counts.json").read_text())["tables"]


def test_the_route_is_planned_by_the_config(finished: Project, tmp_path: Path) -> None:
    changed = tmp_path / "changed.yaml"
    tiny = f"{finished.repository}/tests/tiny/config.yaml"

    def planned(text: str) -> set[str]:
        changed.write_text(text)
        return finished.planned("--configfile", tiny, str(changed), "--forceall", "linking")

    scispacy = "linking: {method: scispacy, model: m}\npairs: {methods: [scispacy]}"
    assert planned(scispacy) >= {"linking_kb", "linking_scispacy"}
    assert "linking_mentions" not in planned(scispacy)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            "linking={method: pretagged}",
            "linking.method is pretagged, whose mentions train only if pairs.methods has pretagged",
        ),
        (
            "linking={method: pretagged} pairs={methods: [pretagged]}",
            "linking.pretagged: no file in resources/pretagged is named *.jsonl.gz",
        ),
        (
            "linking={method: scispacy} pairs={methods: [scispacy]}",
            "linking.model names no model; give an installed spaCy model",
        ),
        ("linking={method: bern2}", "config: linking.method: 'bern2' is not one of"),
    ],
)
def test_a_route_that_cannot_be_taken_is_one_line(
    finished: Project, config: str, message: str
) -> None:
    done = finished.run("--dry-run", "--config", *config.replace(" pairs", "\npairs").split("\n"))
    assert done.returncode != 0
    assert message in "\n".join(done.stdout.strip().splitlines()[-3:])
