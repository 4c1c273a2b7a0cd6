"""Language models from a hub, played by a server on loopback."""

import json
import shutil
import socket
from pathlib import Path

import pytest
import torch
from hub_server import COMMIT, REPOSITORY, hub_files
from safetensors.torch import load_file
from tiny_training import TinyInputs

from bali.__main__ import main
from bali.files import sha256
from bali.model.lm import load_lm
from bali.model.tokenizer import load_tokenizer
from http_server import Server, drop, serve, status

WEIGHTS = f"/{REPOSITORY}/resolve/{COMMIT}/model.safetensors"


@pytest.fixture
def published(tiny: TinyInputs, tmp_path: Path) -> Path:
    """A model's folder as it is published: with what nobody needs."""
    folder = Path(shutil.copytree(tiny.lm, tmp_path / "published"))
    (folder / "README.md").write_text("not needed")
    (folder / "flax_model.msgpack").write_bytes(b"not needed either")
    return folder


@pytest.fixture
def hub(published: Path, monkeypatch: pytest.MonkeyPatch):
    """The server; whoever asks for the Hub asks it."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between attempts
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1024)  # of 10 MB
    with serve(hub_files(published)) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url(""))
        yield server


def fetch(out: Path, source: str = f"hf:{REPOSITORY}", revision: str | None = COMMIT) -> int:
    words = ["model", "fetch", "--name", "tiny", "--source", source, "--out", str(out)]
    return main(words + (["--revision", revision] if revision else []))


def error_line(capsys: pytest.CaptureFixture[str]) -> str:
    lines = capsys.readouterr().err.splitlines()
    (line,) = [line for line in lines if line.startswith("bali: error: ")]
    return line


def fetched(server: Server) -> list[str]:
    """Names of the files that were asked for."""
    return [path.rpartition("/")[2] for path, _ in server.requests if "/resolve/" in path]


def ranges(server: Server) -> list[str | None]:
    """The Range header of each request for the weights."""
    headers = [headers for path, headers in server.requests if path == WEIGHTS]
    return [{key.lower(): value for key, value in one.items()}.get("range") for one in headers]


def test_a_model_is_fetched_at_its_commit_and_recorded(
    hub: Server, published: Path, tmp_path: Path
):
    out = tmp_path / "lm/tiny"
    assert fetch(out) == 0
    names = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert set(fetched(hub)) == names  # nothing else came over the wire
    assert {path.name for path in out.iterdir()} == {*names, "source.json"}
    record = json.loads((out / "source.json").read_text())
    assert (record["source"], record["revision"]) == (f"hf:{REPOSITORY}", COMMIT)
    assert record["files"] == record["read"]
    assert record["files"] == {
        name: {"bytes": (published / name).stat().st_size, "sha256": sha256(published / name)}
        for name in names
    }
    assert [path.name for path in out.parent.iterdir()] == ["tiny"]


def test_what_was_fetched_loads_without_a_network(
    hub: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert fetch(tmp_path / "tiny") == 0

    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert load_tokenizer(tmp_path / "tiny")("brim")["input_ids"]
    assert load_lm(tmp_path / "tiny").config.num_hidden_layers == 2


def test_a_download_that_breaks_off_goes_on_within_the_run(hub: Server, tmp_path: Path):
    kept = len(hub.files[WEIGHTS].content) // 2048 * 1024  # whole chunks
    hub.files[WEIGHTS].faults = [drop(kept + 7)]
    assert fetch(tmp_path / "tiny") == 0
    assert ranges(hub) == [None, f"bytes={kept}-"]


def test_a_run_that_fails_is_gone_on_with_by_the_next(
    hub: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    kept = len(hub.files[WEIGHTS].content) // 2048 * 1024  # whole chunks
    hub.files[WEIGHTS].faults = [drop(kept + 7), status(403)]
    assert fetch(tmp_path / "tiny") == 2
    assert f"hf:{REPOSITORY} at {COMMIT}: " in error_line(capsys)
    assert not (tmp_path / "tiny").exists()
    hub.requests.clear()
    assert fetch(tmp_path / "tiny") == 0
    # the library starts the file anew that broke off, and keeps those that were whole
    assert fetched(hub) == ["model.safetensors"]
    assert ranges(hub) == [None]


def test_a_truncated_file_is_refused(
    hub: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = hub.files[WEIGHTS]
    file.content = file.content[: len(file.content) // 2]
    assert fetch(tmp_path / "tiny") == 2
    assert "model.safetensors" in error_line(capsys)
    assert not (tmp_path / "tiny").exists()


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_another_content_of_the_same_size_is_refused_and_fetched_again(
    name: str, hub: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = hub.files[f"/{REPOSITORY}/resolve/{COMMIT}/{name}"]
    right = file.content
    file.content = right[:-1] + bytes([right[-1] ^ 1])
    assert fetch(tmp_path / "tiny") == 2
    line = error_line(capsys)
    assert f"{name} came with {len(right)} bytes" in line and "run again" in line
    file.content = right
    assert fetch(tmp_path / "tiny") == 0


def test_safetensors_are_preferred_and_a_bin_is_converted(
    hub: Server, published: Path, tmp_path: Path
):
    weights = load_file(published / "model.safetensors")
    tied = weights | {"cls.decoder.weight": weights["embeddings.word_embeddings.weight"]}
    torch.save(tied, published / "pytorch_model.bin")
    hub.files.update(hub_files(published))
    assert fetch(tmp_path / "both") == 0
    assert "pytorch_model.bin" not in fetched(hub)
    (published / "model.safetensors").unlink()
    hub.files.update(hub_files(published))
    assert fetch(tmp_path / "tiny") == 0
    assert not (tmp_path / "tiny/pytorch_model.bin").exists()
    found = load_file(tmp_path / "tiny/model.safetensors")
    assert found.keys() == tied.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in tied.items())
    record = json.loads((tmp_path / "tiny/source.json").read_text())
    assert record["read"]["pytorch_model.bin"]["sha256"] == sha256(published / "pytorch_model.bin")


def test_a_model_without_weights_is_refused_before_anything_comes(
    hub: Server, published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (published / "model.safetensors").unlink()
    hub.files.update(hub_files(published))
    assert fetch(tmp_path / "tiny") == 2
    assert "no weights (model.safetensors or pytorch_model.bin)" in error_line(capsys)
    assert fetched(hub) == []


@pytest.mark.parametrize(
    ("code", "headers", "message"),
    [
        (404, {"X-Error-Code": "RevisionNotFound"}, "no such commit; correct lm.revision"),
        (404, {"X-Error-Code": "RepoNotFound"}, "no such model, or a private one"),
        (403, {"X-Error-Code": "GatedRepo"}, "it is gated; accept its terms"),
    ],
)
def test_what_the_hub_refuses_is_one_line(
    code: int,
    headers: dict[str, str],
    message: str,
    hub: Server,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    hub.files[f"/api/models/{REPOSITORY}/tree/{COMMIT}"].faults = [status(code, headers)]
    assert fetch(tmp_path / "tiny") == 2
    assert message in error_line(capsys)


def test_a_hub_that_is_not_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with serve({}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url(""))
    assert fetch(tmp_path / "tiny") == 2
    assert "check the network and run again" in error_line(capsys)


@pytest.mark.parametrize(
    ("source", "revision", "message"),
    [
        (f"hf:{REPOSITORY}", None, "needs the commit that is meant, 40 hex digits"),
        (f"hf:{REPOSITORY}", "main", "lm.revision 'main'"),
        (f"hf:{REPOSITORY}", COMMIT[:7], "branches and tags move"),
        ("hf:../../etc", COMMIT, "write hf:<owner>/<name>"),
        ("a/folder", COMMIT, "only a source on the Hub has one"),
    ],
)
def test_a_source_is_pinned_or_refused(
    source: str,
    revision: str | None,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    assert fetch(tmp_path / "tiny", source, revision) == 2
    assert message in error_line(capsys)
