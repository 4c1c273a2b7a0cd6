"""`bali corpus fetch`: NLM's folders as a server on loopback has them, faults included."""

import random
import time
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

import pytest

import bali.web
from bali.__main__ import main
from bali.corpus.fetch import published, span
from bali.corpus.md5 import check_md5
from bali.web import Client, Manners
from http_server import File, Server, change, drop, hang_up, serve, status

NAME = "pubmed30n{number}.xml.gz"
NUMBERS = ["0001", "0002", "0003", "0004", "0005"]  # 0004 and 0005 are updates
CONTENT = {n: random.Random(n).randbytes(50_000) for n in NUMBERS}


def index(names: list[str]) -> File:
    rows = "".join(f'<a href="{name}">{name}</a>  2030-01-01 12:00  20M\n' for name in names)
    page = f'<html><head><title>Index</title></head><body><a href="../">..</a><pre>{rows}</pre>'
    return File(page.encode(), kind="text/html")


def sidecar(number: str, content: bytes) -> bytes:
    return f"MD5({NAME.format(number=number)})= {md5(content).hexdigest()}\n".encode()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(bali.web, "sleep", lambda seconds: None)
    files = {}
    for number, content in CONTENT.items():
        folder = "/baseline/" if number < "0004" else "/updates/"
        files[folder + NAME.format(number=number)] = File(content)
        files[f"{folder}{NAME.format(number=number)}.md5"] = File(sidecar(number, content))
    for folder in ("/baseline/", "/updates/"):
        names = [path.removeprefix(folder) for path in files if path.startswith(folder)]
        files[folder] = index(["README.txt", *names])
    with serve(files) as server:
        yield server


@pytest.fixture
def step(server: Server, tmp_path: Path):
    """Run the step on a range of numbers; returns the exit code."""

    def run(first: str, last: str, *flags: str) -> int:
        words = ["corpus", "fetch", "--name", NAME, "--folder", str(tmp_path / "mirror")]
        words += ["--baseline", server.url("/baseline/"), "--updates", server.url("/updates")]
        words += ["--first", first, "--last", last, "--log", str(tmp_path / "log"), *flags]
        return main(words)

    return run


def file(server: Server, number: str, end: str = "") -> File:
    folder = "/baseline/" if number < "0004" else "/updates/"
    return server.files[folder + NAME.format(number=number) + end]


def asked(server: Server) -> list[str]:
    return [path.rpartition("/")[2] for path, _ in server.requests]


def assert_mirrored(tmp_path: Path, numbers: list[str]) -> None:
    folder = tmp_path / "mirror"
    names = [NAME.format(number=number) for number in numbers]
    assert sorted(p.name for p in folder.iterdir()) == sorted(names + [f"{n}.md5" for n in names])
    for number, name in zip(numbers, names, strict=True):
        assert (folder / name).read_bytes() == CONTENT[number]
        check_md5(folder / name, folder / f"{name}.md5")


def test_baseline_and_updates_come_into_one_folder(step, server, tmp_path):
    assert step("0001", "0005") == 0
    assert_mirrored(tmp_path, NUMBERS)
    assert "5 files fetched, 0 were there" in (tmp_path / "log").read_text()


def test_what_is_there_and_right_is_not_fetched_again(step, server, tmp_path):
    assert step("0001", "0003") == 0
    name = NAME.format(number="0002")
    (tmp_path / "mirror" / name).write_bytes(b"cut")
    (tmp_path / "mirror" / f"{NAME.format(number='0003')}.md5").unlink()
    server.requests.clear()
    assert step("0001", "0003") == 0
    assert_mirrored(tmp_path, NUMBERS[:3])
    assert {path.split("n")[-1][:4] for path in asked(server)} == {"0002", "0003"}


def test_faults_are_overcome(step, server, tmp_path):
    file(server, "0001").faults = [drop(20_000), hang_up(), drop(0)]
    file(server, "0002", ".md5").faults = [drop(7), hang_up()]
    file(server, "0003").faults = [status(503, {"Retry-After": "3"}), drop(49_999)]
    file(server, "0004").ranges = False
    file(server, "0004").faults = [drop(10)]
    assert step("0001", "0005") == 0
    assert_mirrored(tmp_path, NUMBERS)
    assert "bytes=20000-" in server.ranges()


def test_a_wrong_md5_is_fetched_once_more(step, server, tmp_path):
    right = sidecar("0002", CONTENT["0002"])
    file(server, "0002", ".md5").content = sidecar("0002", b"another")
    file(server, "0002").faults = [
        lambda handler, served: (
            handler.send(served),
            setattr(file(server, "0002", ".md5"), "content", right),
        )
    ]
    assert step("0002", "0002") == 0
    assert_mirrored(tmp_path, ["0002"])


def test_a_md5_that_stays_wrong_is_an_error(step, server, tmp_path, capsys):
    file(server, "0002", ".md5").content = sidecar("0002", b"another")
    assert step("0001", "0002", "--connections", "1") == 2
    error = capsys.readouterr().err
    assert "pubmed30n0002.xml.gz: the file's checksum is md5:" in error and error.count("\n") == 1
    assert_mirrored(tmp_path, ["0001"])
    assert asked(server).count(NAME.format(number="0002")) == 2


def test_a_file_that_changes_while_it_is_fetched(step, server, tmp_path, monkeypatch):
    old, new = CONTENT["0001"], random.Random(7).randbytes(60_000)
    file(server, "0001").faults = [drop(20_000), change(new, '"2"')]
    file(server, "0001", ".md5").faults = [
        lambda handler, served: handler.send(served),
        change(sidecar("0001", new), '"2"'),
    ]
    assert old != new and step("0001", "0001") == 0
    path = tmp_path / "mirror" / NAME.format(number="0001")
    assert path.read_bytes() == new
    check_md5(path, path.with_name(f"{path.name}.md5"))


def test_a_sidecar_that_is_a_web_page_is_an_error(step, server, tmp_path, capsys):
    file(server, "0001", ".md5").content = b"<html>Sorry</html>"
    assert step("0001", "0001") == 2
    assert "pubmed30n0001.xml.gz.md5: holds no MD5" in capsys.readouterr().err
    assert not list(tmp_path.rglob("pubmed*"))


def test_a_number_that_is_not_there_names_the_last_one(step, server, capsys):
    assert step("0004", "0006") == 2
    error = capsys.readouterr().err
    assert "pubmed30n0006.xml.gz: the server has no pubmed30n0006.xml.gz.md5" in error
    assert "/updates/ has 0004 to 0005 (2 files); correct corpus.first and last" in error


def test_the_list_says_which_numbers_there_are(step, server, capsys):
    assert step("0001", "0001", "--list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"{server.url('/baseline/')}: 0001 to 0003 (3 files)",
        f"{server.url('/updates/')}: 0004 to 0005 (2 files)",
    ]
    assert asked(server) == ["", ""]


def test_an_index_is_read_as_html_and_other_folders_links_are_left_out(server):
    links = [
        "/baseline/pubmed30n0009.xml.gz",
        "pubmed30n0001.xml.gz?C=N;O=D",
        "../updates/pubmed30n0002.xml.gz",
        "http://evil.org/pubmed30n0003.xml.gz",
        "pubmed30n0004.xml.gz.md5",
        "pubmed29n0005.xml.gz",
        "http://[broken/pubmed30n0006.xml.gz",
        server.url("/baseline/pubmed30n0010.xml.gz"),
        "pubmed30n0010.xml.gz",
    ]
    server.files["/baseline/"] = index(links)
    client = Client(Manners())
    assert published(client, server.url("/baseline/"), NAME) == ["0009", "0010"]
    for page in (b"", b"  ", b"no html \x00 <<< &", b"<a>", "<p>é".encode("latin-1")):
        server.files["/baseline/"].content = page
        assert published(client, server.url("/baseline/"), NAME) == []
    assert span([]) == "no such files"


@pytest.mark.parametrize(
    ("first", "last", "flags", "text"),
    [
        ("1", "10", [], "numbers of the same width"),
        ("0002", "0001", [], "the smaller one first"),
        ("x", "y", [], "numbers of the same width"),
        ("0001", "0001", ["--name", "pubmed.xml.gz"], "no file name with {number}"),
        ("0001", "0001", ["--name", "../{number}"], "no file name with {number}"),
        ("0001", "0001", ["--attempts", "0"], "at least 1 attempt"),
        ("0001", "0001", ["--baseline", "ftp://a.org"], "no http or https address"),
    ],
)
def test_flags_that_make_no_sense_are_named(step, capsys, first, last, flags, text):
    assert step(first, last, *flags) == 2
    assert text in capsys.readouterr().err


def test_at_most_three_files_at_a_time(step, server, tmp_path):
    open_now, most = set(), []

    def watch(handler, served):
        open_now.add(id(served))
        time.sleep(0.1)
        most.append(len(open_now))
        open_now.discard(id(served))
        handler.send(served)

    for number in NUMBERS:
        file(server, number).faults = [watch]
    assert step("0001", "0005") == 0
    assert max(most) == 3
    with pytest.raises(SystemExit):
        step("0001", "0005", "--connections", "4")
