"""The fetch rules against a server on loopback: what is planned, made, kept and shown."""

import io
import json
import random
import zipfile
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

import pytest
from hub_server import COMMIT, REPOSITORY, hub_files

from http_server import File, Server, drop, serve
from project import Project

pytestmark = pytest.mark.xdist_group("fetch")

RELEASE = "MRCONSO MRREL MRSTY MRDEF MRCUI MRFILES MRCOLS MRDOC".split()


def release(meta: Path) -> bytes:
    """A release's zip file of a META folder; tables that it lacks are empty but MRFILES."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        tables = {table: meta / f"{table}.RRF" for table in RELEASE}
        content = {t: p.read_bytes() if p.exists() else b"" for t, p in tables.items()}
        content["MRFILES"] = b"MRDOC.RRF|what|A|1|0|0|\n"
        for table, rows in content.items():
            archive.writestr(f"2030AB/META/{table}.RRF", rows)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("fetch"))


@pytest.fixture(scope="module")
def server(project: Project) -> Iterator[Server]:
    content = release(project.work / "resources/umls/tiny/META")
    files = {"/umls-2030AB-full.zip": File(content, faults=[drop(200)])}
    for folder, number in (("baseline", 1), ("baseline", 2), ("updates", 3), ("updates", 4)):
        xml = random.Random(number).randbytes(2000)
        path = f"/{folder}/pubmed30n000{number}.xml.gz"
        files[path] = File(xml, faults=[drop(900)])
        files[f"{path}.md5"] = File(f"MD5({path})= {md5(xml).hexdigest()}\n".encode())
    with pytest.MonkeyPatch.context() as patch, serve(files) as server:
        patch.setenv("NO_PROXY", "127.0.0.1")
        yield server


@pytest.fixture
def settings(project: Project, server: Server, tmp_path: Path) -> list[str]:
    """The flag --configfile with the tiny settings and the addresses."""
    zip_file = server.files["/umls-2030AB-full.zip"].content
    meta = "resources/umls/2030AB/META"
    source = {"url": server.url("/umls-2030AB-full.zip"), "bytes": len(zip_file)}
    source["checksum"] = f"md5:{md5(zip_file).hexdigest()}"
    corpus = {"folder": "resources/pubmed/mirror", "name": "pubmed30n{number}.xml.gz"}
    corpus |= {"first": "0001", "last": "0003"}
    corpus["download"] = {"baseline": server.url("/baseline/"), "updates": server.url("/updates")}
    umls = {"meta": [meta], "download": {"meta": meta, **source}}
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"umls": umls, "corpus": corpus}))
    return ["--configfile", f"{project.repository}/tests/tiny/config.yaml", str(path)]


def test_what_is_to_be_fetched_need_not_be_there_yet(project: Project, settings: list[str]) -> None:
    planned = project.planned(*settings)
    assert {"fetch_umls", "fetch_pubmed", "umls_tables", "corpus_documents"} <= planned


def test_the_stage_fetches_all_resumes_and_fetches_nothing_again(
    project: Project, server: Server, settings: list[str], tmp_path: Path
) -> None:
    done = project.run("fetch", "--cores", "2", *settings)
    assert done.returncode == 0, done.stdout[-3000:]
    work = project.work / "resources"
    tiny = work / "umls/tiny/META/MRREL.RRF"
    assert (work / "umls/2030AB/META/MRREL.RRF").read_bytes() == tiny.read_bytes()
    assert not list(work.rglob("*.zip")) and not list(work.rglob(".part-*"))
    for number, folder in (("0001", "baseline"), ("0002", "baseline"), ("0003", "updates")):
        name = f"pubmed30n{number}.xml.gz"
        served = server.files[f"/{folder}/{name}"].content
        assert (work / "pubmed/mirror" / name).read_bytes() == served
    assert sorted(r for r in server.ranges() if r) == ["bytes=200-", *["bytes=900-"] * 3]
    assert project.planned("fetch", *settings) == set()
    # more files, then edited code
    more = tmp_path / "more.yaml"
    more.write_text('corpus: {last: "0004"}\n')
    done = project.run("fetch", *settings, str(more), "--dry-run")
    assert done.stdout.count("rule fetch_pubmed:") == 1 and "0004.xml.gz" in done.stdout
    assert "rule fetch_umls:" not in done.stdout
    source = project.repository / "bali/web.py"
    source.write_text(source.read_text() + "\nEDITED = 1\n")
    assert project.planned("fetch", *settings) == set()
    assert project.planned("fetch", "--forcerun", "umls", *settings) == {"umls_tables"}


def test_a_download_into_a_folder_that_nobody_reads_is_named(
    project: Project, settings: list[str], tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("umls: {download: {meta: elsewhere/META}}\n")
    done = project.run("fetch", *settings, str(wrong), "--dry-run")
    assert done.returncode != 0
    assert "umls.download.meta 'elsewhere/META' is none of the folders in umls.meta" in done.stdout


def test_a_language_model_is_fetched_at_its_commit_or_refused(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "hub.yaml"
    lm = f"name: of-the-hub, source: 'hf:{REPOSITORY}'"
    settings.write_text(f"lm: {{{lm}, revision: main}}\n")
    flags = ["--configfile", f"{project.repository}/tests/tiny/config.yaml", str(settings)]
    done = project.run("model", *flags, "--dry-run")
    assert done.returncode != 0
    assert f"config: lm.revision 'main': hf:{REPOSITORY} needs the commit" in done.stdout
    settings.write_text(f"lm: {{{lm}, revision: '{COMMIT}'}}\n")
    with serve(hub_files(project.work / "lm-source")) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url(""))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        done = project.run("model", "--cores", "1", *flags)
    assert done.returncode == 0, done.stdout[-3000:]
    weights = project.work / "resources/lm/of-the-hub/model.safetensors"
    assert weights.read_bytes() == (project.work / "lm-source/model.safetensors").read_bytes()
    assert project.planned("model", *flags) == set()
