"""`bali umls fetch`: from a server on loopback to META, in NLM's two forms and in hostile ones."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from hashlib import md5, sha256
from pathlib import Path

import pytest

import bali.umls.archive
import bali.umls.fetch
import bali.web
from bali.__main__ import main
from bali.errors import InputError
from bali.umls.archive import TABLES, extract
from bali.umls.fetch import archive_name, release_address
from bali.umls.release import rrf_files
from http_server import File, Server, drop, serve

KEY = "0123-uts-key"
RRF = {table: f"{table}|é|\n".encode() * 50 for table in TABLES}
RRF["MRFILES"] = b"".join(
    f"{table}.RRF|what|A,B|2|50|{len(RRF[table])}|\n".encode() for table in TABLES[:5]
)
RRF["MRCOLS"] = b""


def zipped(members: dict[str, bytes], stored: bool = False) -> bytes:
    buffer = io.BytesIO()
    method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def subset(tables: dict[str, bytes] = RRF) -> dict[str, bytes]:
    """The Metathesaurus files: plain, with more than we read."""
    members = {f"2030AB/META/{table}.RRF": content for table, content in tables.items()}
    return members | {"2030AB/META/MRSAT.RRF": b"x|\n", "2030AB/META/CHANGE/MRCUI.RRF": b"no"}


def full() -> bytes:
    """The full release: .nlm files of compressed pieces, cut anywhere, a table in two of them."""

    def pieces(table: str, cuts: list[int]) -> dict[str, bytes]:
        parts = zip([0, *cuts], [*cuts, None], "abc"[: len(cuts) + 1], strict=True)
        return {
            f"2030AB/META/{table}.RRF.a{letter}.gz": gzip.compress(RRF[table][start:end])
            for start, end, letter in parts
        }

    first = pieces("MRCONSO", [7, 100]) | {"2030AB/META/MRSTY.RRF.gz": gzip.compress(RRF["MRSTY"])}
    first |= {f"2030AB/META/{table}.RRF": RRF[table] for table in TABLES[3:]}
    relations = pieces("MRREL", [333])
    early, late = ({k: v} for k, v in relations.items())
    nested = {
        "2030AB-full/2030ab-1-meta.nlm": zipped(first | late),
        "2030AB-full/2030ab-2-meta.nlm": zipped(early),
        "2030AB-full/2030ab-otherks.nlm": b"no zip",
        "2030AB-full/mmsys.zip": b"no zip",
    }
    return zipped(nested, stored=True)


@pytest.fixture
def archive(tmp_path: Path) -> Callable[[bytes | dict[str, bytes]], Path]:
    def write(content: bytes | dict[str, bytes]) -> Path:
        path = tmp_path / "umls-2030AB-full.zip"
        path.write_bytes(content if isinstance(content, bytes) else zipped(content))
        return path

    return write


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(bali.web, "sleep", lambda seconds: None)
    monkeypatch.delenv("UTS_API_KEY", raising=False)
    with serve({}) as server:
        yield server


def step(tmp_path: Path, url: str, content: bytes, *flags: str, **changed: object) -> int:
    folder = tmp_path / "2030AB"
    given = {"bytes": len(content), "checksum": f"md5:{md5(content).hexdigest()}", **changed}
    words = f"umls fetch --url {url} --bytes {given['bytes']} --checksum {given['checksum']}"
    places = {"out-dir": folder / "META", "manifest": folder / "fetched.json"}
    places["log"] = tmp_path / "log"
    files = [word for name, path in places.items() for word in (f"--{name}", str(path))]
    return main([*words.split(), *files, *flags])


def assert_holds_all_tables(meta: Path) -> None:
    assert {path.name: path.read_bytes() for path in meta.iterdir()} == {
        f"{table}.RRF": RRF[table] for table in TABLES
    }


@pytest.mark.parametrize("content", [zipped(subset()), full()], ids=["metathesaurus", "full"])
def test_a_release_becomes_plain_tables_and_a_manifest(server, tmp_path, content):
    server.files["/umls-2030AB.zip"] = File(content, faults=[drop(400)])
    assert step(tmp_path, server.url("/umls-2030AB.zip"), content) == 0
    assert_holds_all_tables(tmp_path / "2030AB" / "META")
    assert rrf_files(tmp_path / "2030AB" / "META", "MRREL")
    manifest = json.loads((tmp_path / "2030AB" / "fetched.json").read_text())
    assert manifest["archive"]["bytes"] == len(content)
    assert manifest["tables"]["MRREL"] == {
        "bytes": len(RRF["MRREL"]),
        "sha256": sha256(RRF["MRREL"]).hexdigest(),
    }
    assert sorted(path.name for path in (tmp_path / "2030AB").iterdir()) == ["META", "fetched.json"]
    assert server.ranges() == [None, "bytes=400-"]


def test_a_kept_zip_is_not_fetched_again(server, tmp_path):
    content = zipped(subset())
    server.files["/a.zip"] = File(content)
    for _ in range(2):
        assert step(tmp_path, server.url("/a.zip"), content, "--keep-zip") == 0
    assert (tmp_path / "2030AB" / "a.zip").read_bytes() == content
    assert len(server.requests) == 1


def test_a_wrong_checksum_or_size_stops_and_leaves_no_table(server, tmp_path, capsys):
    content = zipped(subset())
    server.files["/a.zip"] = File(content)
    assert step(tmp_path, server.url("/a.zip"), content, checksum="sha256:" + "0" * 64) == 2
    assert f"sha256:{sha256(content).hexdigest()}, not sha256:0000" in capsys.readouterr().err
    assert step(tmp_path, server.url("/a.zip"), content, bytes=7) == 2
    assert f"{len(content)} bytes, not 7" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.RRF")) and not list(tmp_path.rglob("*.zip"))


def test_a_licensed_release_is_asked_for_through_uts_and_the_key_shows_nowhere(
    server, tmp_path, monkeypatch, capsys
):
    content = zipped(subset())
    release = "https://download.nlm.nih.gov/umls/kss/2030AB/umls-2030AB-metathesaurus-full.zip"
    server.files["/download"] = File(content, faults=[drop(300)])
    monkeypatch.setattr(bali.umls.fetch, "UTS", server.url("/download"))
    assert step(tmp_path, release, content) == 2
    line = capsys.readouterr().err
    assert "set the environment variable UTS_API_KEY" in line and not server.requests
    monkeypatch.setenv("UTS_API_KEY", f" {KEY}\n")
    assert step(tmp_path, release, content, checksum="md5:" + "0" * 32) == 2
    assert f"{release}: the file's checksum is" in capsys.readouterr().err
    assert step(tmp_path, release, content, "--keep-zip") == 0
    assert_holds_all_tables(tmp_path / "2030AB" / "META")
    assert {path for path, _ in server.requests} == {f"/download?url={release}&apiKey={KEY}"}
    for path in tmp_path.rglob("*"):
        assert KEY not in str(path)
        assert path.is_dir() or KEY.encode() not in path.read_bytes(), path


def test_the_key_is_read_for_nlms_host_alone():
    address = release_address("https://mirror.org/umls-2030AB-full.zip", {"UTS_API_KEY": KEY})
    assert KEY not in address.full()
    for host in ("download.nlm.nih.gov.evil.org", "evil.org/download.nlm.nih.gov"):
        assert KEY not in release_address(f"https://{host}/a.zip", {"UTS_API_KEY": KEY}).full()


@pytest.mark.parametrize(
    ("url", "text"),
    [
        (f"https://uts-ws.nlm.nih.gov/download?url=x&apiKey={KEY}", "take it out"),
        (f"https://a.org/b.zip?APIKEY={KEY}", "take it out"),
        ("https://uts-ws.nlm.nih.gov/download?url=x", "give the release's own address"),
        ("/umls.zip", "no http or https address"),
    ],
)
def test_an_address_that_will_not_do_is_named_without_its_key(url, text):
    with pytest.raises(InputError, match=text) as caught:
        release_address(url, {"UTS_API_KEY": KEY})
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://a.org/x/umls-2030AB.zip?y=/z", "umls-2030AB.zip"),
        ("https://a.org/x/..%2fz.zip", "release.zip"),
        ("https://a.org/.zip", "release.zip"),
        ("https://a.org/get", "release.zip"),
    ],
)
def test_the_zips_name_stays_in_its_folder(url, name):
    assert archive_name(url) == name


def test_names_inside_the_archive_never_choose_the_place(archive, tmp_path):
    members = {f"../../../META/{table}.RRF": content for table, content in RRF.items()}
    extract(archive(members | {"/etc/META/x": b"", "../evil": b""}), tmp_path / "in" / "META")
    assert_holds_all_tables(tmp_path / "in" / "META")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "umls-2030AB-full.zip"]


def test_what_stands_in_the_folder_stays_unless_it_is_a_table(archive, tmp_path):
    meta = tmp_path / "META"
    meta.mkdir()
    (meta / "MRSAT.RRF").write_text("mine")
    (meta / "MRREL.RRF").write_text("old")
    extract(archive(subset()), meta)
    assert (meta / "MRSAT.RRF").read_text() == "mine"
    assert (meta / "MRREL.RRF").read_bytes() == RRF["MRREL"]


def broken(content: bytes) -> bytes:
    """With one changed byte in the first member's data."""
    place = content.index(b"MRCONSO.RRF") + len(b"MRCONSO.RRF") + 5
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


BOMB = {"META/MRCONSO.RRF": b"\0" * 2**22}
GZ_BOMB = {"META/MRCONSO.RRF.gz": gzip.compress(b"\0" * 2**22)}
LYING = {table: content for table, content in RRF.items() if table != "MRREL"}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"<html>", "broken or no zip file"),
        (zipped(subset())[:-30], "broken or no zip file"),
        (broken(zipped(subset(), stored=True)), r"broken or no zip file \(Bad CRC"),
        (subset() | {"x/META/MRREL.RRF.gz": b"no gz"}, r"holds .*MRREL.RRF and .*MRREL.RRF.gz"),
        (subset() | {"x/META/MRREL.RRF": b""}, "MRREL.RRF; unpack the one that you want"),
        (subset(LYING) | {"META/MRREL.RRF.gz": b"no gz"}, "Not a gzipped file"),
        (subset(LYING) | {"META/MRREL.RRF.gz": gzip.compress(b"x" * 99)[:-9]}, "broken or no zip"),
        (subset(LYING) | {"META/MRREL.RRF.ab": b""}, "holds MRREL.RRF.ab, but no MRREL.RRF.aa"),
        (subset(LYING) | {"META/MRREL.RRF.aa": b"", "META/MRREL.RRF.ac": b""}, "no MRREL.RRF.ab"),
        (
            subset(LYING) | {"META/MRREL.RRF.aa": b"a", "META/MRREL.RRF": b""},
            "MRREL.RRF whole and in pieces",
        ),
        (subset(LYING), r"holds no META/MRREL\.RRF; fetch the full release"),
        (subset(LYING) | {"META/MRREL.RRF": b"short\n"}, r"6 bytes, but MRFILES.RRF states \d+"),
        (subset({t: c for t, c in RRF.items() if t != "MRCONSO"}) | BOMB, "more than 100 times"),
        (subset({t: c for t, c in RRF.items() if t != "MRCONSO"}) | GZ_BOMB, "more than 100 times"),
        ({"a-meta.nlm": b"\0" * 2**22}, "more than 100 times"),
        ({"a-meta.nlm": b"no zip"}, "broken or no zip file"),
    ],
)
def test_a_hostile_archive_is_one_line_and_leaves_nothing(archive, tmp_path, content, text):
    path = archive(content)
    with pytest.raises(InputError, match=text) as caught:
        extract(path, tmp_path / "META")
    assert str(path) in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_an_encrypted_archive_is_named(archive, tmp_path):
    content = bytearray(zipped(subset()))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(mark)
        while place >= 0:
            content[place + offset] |= 1  # general purpose bit 0: encrypted
            place = content.find(mark, place + 1)
    with pytest.raises(InputError, match="encrypted"):
        extract(archive(bytes(content)), tmp_path / "META")


def test_a_disk_without_room_is_noticed_before(archive, tmp_path, monkeypatch):
    monkeypatch.setattr("bali.download.SPARE", 2**62)
    with pytest.raises(InputError, match="make room"):
        extract(archive(subset()), tmp_path / "META")
