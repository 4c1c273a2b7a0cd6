"""Downloads from a server that misbehaves: for each fault the right file, or the right error."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import md5, sha256
from pathlib import Path

import pytest

import bali.download
import bali.web
from bali.address import Address, shown
from bali.download import ChecksumError, Expected, download, require_space
from bali.errors import InputError
from bali.web import AbsentError, Client, Manners, retry_after
from http_server import File, Server, change, drop, hang_up, serve, status

CONTENT = random.Random(29).randbytes(300_000)
OTHER = random.Random(30).randbytes(300_000)
SHA256 = f"sha256:{sha256(CONTENT).hexdigest()}"
KEY = "s3cret/key+of mine"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were slept: noted, not slept."""
    noted: list[float] = []
    monkeypatch.setattr(bali.web, "sleep", noted.append)
    return noted


@pytest.fixture
def file() -> File:
    return File(CONTENT)


@pytest.fixture
def server(file: File, waits: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve({"/f": file}) as server:
        yield server


def fetch(server: Server, target: Path, expected: Expected | None = None, **manners: float) -> None:
    client = Client(Manners(**{"timeout": 5, **manners}))
    download(client, Address(server.url("/f")), target, expected or Expected(checksum=SHA256))


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_fetched_whole_and_nothing_is_left_beside_it(server, tmp_path, waits):
    fetch(server, tmp_path / "new" / "f")
    assert (tmp_path / "new" / "f").read_bytes() == CONTENT
    assert left(tmp_path / "new") == ["f"]
    [(_, headers)] = server.requests
    assert headers["User-Agent"].startswith("bali ")
    assert headers["Accept-Encoding"] == "identity"
    assert waits == []


def test_connections_that_break_are_resumed_where_they_broke(server, file, tmp_path, waits):
    file.faults = [hang_up(), drop(1000), drop(0), drop(200_000)]
    fetch(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert server.ranges() == [None, None, "bytes=1000-", "bytes=1000-", "bytes=201000-"]
    assert [h.get("If-Range") for _, h in server.requests] == [None, None, '"1"', '"1"', '"1"']
    assert waits == [1, 2, 4, 8]  # doubled; no jitter


def test_a_last_modified_date_serves_where_there_is_no_etag(server, file, tmp_path):
    file.etag, file.modified = None, "Tue, 06 Jan 2026 10:00:00 GMT"
    file.faults = [drop(1000)]
    fetch(server, tmp_path / "f", Expected())
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert server.requests[1][1]["If-Range"] == file.modified


def test_a_weak_etag_is_no_reason_to_resume(server, file, tmp_path):
    file.etag, file.faults = 'W/"1"', [drop(1000)]
    fetch(server, tmp_path / "f", Expected())
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert server.ranges() == [None, None]


def test_with_a_checksum_a_part_is_resumed_without_a_validator(server, file, tmp_path):
    file.etag, file.faults = None, [drop(1000)]
    fetch(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert server.ranges() == [None, "bytes=1000-"]


def test_a_server_that_ignores_range_sends_all_again(server, file, tmp_path):
    file.ranges, file.faults = False, [drop(1000), drop(2000)]
    fetch(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT


@pytest.mark.parametrize("checksum", [None, f"sha256:{sha256(OTHER).hexdigest()}"])
def test_a_file_that_changes_between_attempts_is_fetched_anew(server, file, tmp_path, checksum):
    file.faults = [drop(1000), change(OTHER, '"2"')]
    fetch(server, tmp_path / "f", Expected(checksum=checksum))
    assert (tmp_path / "f").read_bytes() == OTHER
    assert server.ranges() == [None, "bytes=1000-"]  # If-Range: the second answer is all of it


def test_a_server_that_ignores_if_range_is_found_out_by_its_etag(server, file, tmp_path):
    def splice(handler, file):
        file.content, file.etag = OTHER, '"2"'
        handler.headers.replace_header("If-Range", '"2"')
        handler.send(file)

    file.faults = [drop(1000), splice]
    fetch(server, tmp_path / "f", Expected())
    assert (tmp_path / "f").read_bytes() == OTHER


def test_parts_of_two_versions_that_nothing_tells_apart_are_found_out_by_the_checksum(
    server, file, tmp_path
):
    file.content, file.etag = OTHER, None
    file.faults = [drop(1000), change(CONTENT, None)]
    fetch(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert server.ranges() == [None, "bytes=1000-", None]


def test_a_wrong_checksum_is_an_error_and_leaves_nothing(server, tmp_path):
    wrong = f"md5:{md5(OTHER).hexdigest()}"
    with pytest.raises(ChecksumError, match=f"is md5:{md5(CONTENT).hexdigest()}, not {wrong}"):
        fetch(server, tmp_path / "f", Expected(checksum=wrong))
    assert left(tmp_path) == []
    assert len(server.requests) == 1


@pytest.mark.parametrize("length", [True, False])
def test_a_body_that_is_short_is_never_taken_for_whole(server, file, tmp_path, length):
    file.length = length
    file.ranges, file.faults = False, [drop(1000)] * 3
    with pytest.raises(InputError, match=r"\(3 attempts; 1000 bytes are kept\)"):
        fetch(server, tmp_path / "f", Expected(size=len(CONTENT)), attempts=3)
    assert not (tmp_path / "f").exists()


def test_another_size_is_noticed_before_the_body(server, file, tmp_path):
    file.kind = "text/html; charset=utf-8"
    with pytest.raises(InputError, match=r"has 300000 bytes, not 5; it is a web page"):
        fetch(server, tmp_path / "f", Expected(size=5))
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("length", [True, False])
def test_more_than_is_accepted_is_refused(server, file, tmp_path, length):
    file.length = length
    with pytest.raises(InputError, match="more than"):
        fetch(server, tmp_path / "f", Expected(cap=299_999))
    assert not (tmp_path / "f").exists()
    fetch(server, tmp_path / "f", Expected(cap=300_000))
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_retry_after_is_honoured(server, file, tmp_path, waits):
    file.faults = [status(503, {"Retry-After": "7"}), status(429), status(500)]
    fetch(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert waits == [7, 2, 4]


def test_a_server_that_asks_for_hours_is_left_alone(server, file, tmp_path, waits):
    file.faults = [drop(1000), status(503, {"Retry-After": "7200"})]
    with pytest.raises(InputError, match=r"come back in 7200 s; 1000 bytes are kept; run again"):
        fetch(server, tmp_path / "f")
    assert waits == [1]
    fetch(server, tmp_path / "f")  # a later run goes on
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert server.ranges()[-1] == "bytes=1000-"


def test_retry_after_may_be_a_date():
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 95 < (retry_after(date) or 0) <= 100
    assert retry_after("Tue, 06 Jan 2015 10:00:00 GMT") == 0
    assert retry_after("soon") is None


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        (404, AbsentError, "answers 404"),
        (403, InputError, "check the key"),
        (418, InputError, "answers 418"),
    ],
)
def test_what_no_retry_mends_is_an_error_at_once(server, file, tmp_path, code, kind, text):
    file.faults = [status(code)]
    with pytest.raises(kind, match=text):
        fetch(server, tmp_path / "f")
    assert len(server.requests) == 1


def test_attempts_without_progress_come_to_an_end(server, file, tmp_path, waits):
    file.faults = [drop(1000), *[drop(0)] * 9]
    with pytest.raises(InputError, match=r"4 attempts; 1000 bytes are kept"):
        fetch(server, tmp_path / "f", attempts=4)
    assert waits == [1, 2, 4]


def test_attempts_are_counted_anew_after_progress(server, file, tmp_path, monkeypatch, waits):
    monkeypatch.setattr(bali.web, "PROGRESS", 1000)
    file.faults = [drop(1000)] * 20
    fetch(server, tmp_path / "f", attempts=2)
    assert (tmp_path / "f").read_bytes() == CONTENT
    # but a server that starts from the first byte each time makes none
    file.ranges, file.faults = False, [drop(1000)] * 20
    with pytest.raises(InputError, match="2 attempts"):
        fetch(server, tmp_path / "g", attempts=2)


def test_a_silent_server_times_out(server, file, tmp_path):
    file.faults = [lambda handler, file: time.sleep(0.6)]
    fetch(server, tmp_path / "f", timeout=0.2)
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_nobody_listens(tmp_path, waits):
    client = Client(Manners(attempts=2))
    with pytest.raises(InputError, match=r"http://127.0.0.1:9/f: .*refused \(2 attempts\)"):
        download(client, Address("http://127.0.0.1:9/f"), tmp_path / "f", Expected())


def test_a_part_of_another_address_is_not_used(server, file, tmp_path):
    server.files["/g"] = File(OTHER, faults=[drop(1000), status(403)])
    client = Client(Manners())
    with pytest.raises(InputError):
        download(client, Address(server.url("/g")), tmp_path / "f", Expected())
    assert (tmp_path / ".part-f").stat().st_size == 1000
    fetch(server, tmp_path / "f", Expected())
    assert (tmp_path / "f").read_bytes() == CONTENT


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"address": 3}'])
def test_a_record_that_makes_no_sense_is_not_used(server, tmp_path, record):
    (tmp_path / ".part-f").write_bytes(b"rubbish")
    (tmp_path / ".part-f.json").write_text(record)
    fetch(server, tmp_path / "f", Expected())
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert left(tmp_path) == ["f"]


def test_a_whole_part_that_a_killed_run_left_is_only_moved_in(server, file, tmp_path):
    file.faults = [drop(1000), status(403)]
    with pytest.raises(InputError):
        fetch(server, tmp_path / "f")
    (tmp_path / ".part-f").write_bytes(CONTENT)
    fetch(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert server.ranges()[-1] == "bytes=300000-"


def test_a_part_that_is_longer_than_the_file_is_thrown_away(server, file, tmp_path):
    file.faults = [drop(1000), status(403)]
    with pytest.raises(InputError):
        fetch(server, tmp_path / "f")
    (tmp_path / ".part-f").write_bytes(CONTENT + b"more")
    fetch(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_kill_9_in_the_middle_and_a_second_run_give_the_same_bytes(server, file, tmp_path):
    def stall(handler, file):
        handler.send(file, 200_000)
        handler.wfile.flush()
        time.sleep(60)

    file.faults = [stall]
    code = (
        "import sys; from pathlib import Path; import bali.download as d; import bali.web as w;"
        "d.CHUNK = 65536;"  # else the test's file would be one chunk, written when it is whole
        "d.download(w.Client(w.Manners()), d.Address(sys.argv[1]), Path(sys.argv[2]),"
        " d.Expected(checksum=sys.argv[3]))"
    )
    command = [sys.executable, "-c", code, server.url("/f"), str(tmp_path / "f"), SHA256]
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    part = tmp_path / ".part-f"
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        assert running.poll() is None
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    received = part.stat().st_size
    assert 0 < received < len(CONTENT)
    assert not (tmp_path / "f").exists()
    fetch(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert server.ranges() == [None, f"bytes={received}-"]
    assert left(tmp_path) == ["f"]


def test_redirects_are_followed_and_take_no_secret_to_another_host(server, file, tmp_path):
    def to(location):
        return File(b"", faults=[status(302, {"Location": location})])

    client = Client(Manners())
    server.files |= {"/near": to("f?apiKey=s3cret%2Fkey%2Bof+mine"), "/far": to(server.url("/f"))}
    download(client, Address(server.url("/near"), {"apiKey": KEY}), tmp_path / "f", Expected())
    assert (tmp_path / "f").read_bytes() == CONTENT
    with serve({"/f": File(CONTENT)}) as other:
        server.files["/far"] = to(other.url("/f?x=1"))
        download(client, Address(server.url("/far"), {"apiKey": KEY}), tmp_path / "g", Expected())
        assert (tmp_path / "g").read_bytes() == CONTENT
        [(path, headers)] = other.requests
        assert "s3cret" not in path + str(headers)
        for location in ("/f?k=s3cret/key+of%20mine", "/f?u=s3cret%252Fkey%252Bof%2520mine"):
            server.files["/far"] = to(other.url(location))
            with pytest.raises(InputError, match="would hand the key") as caught:
                address = Address(server.url("/far"), {"apiKey": KEY})
                download(client, address, tmp_path / "h", Expected())
            assert "s3cret" not in str(caught.value)
        assert len(other.requests) == 1
    server.files["/far"] = to("ftp://127.0.0.1/f")
    with pytest.raises(InputError, match="not https"):
        download(client, Address(server.url("/far")), tmp_path / "h", Expected())
    server.files["/far"].faults = [status(302, {"Location": "far"})] * 99
    with pytest.raises(InputError, match="more than 10 redirects"):
        download(client, Address(server.url("/far")), tmp_path / "h", Expected())


def test_https_is_not_left_for_http():
    with pytest.raises(InputError, match="not https"):
        Address("https://a.org/f").follow("https://a.org/f", "http://a.org/f")


def test_a_secret_is_in_the_request_and_nowhere_else(server, file, tmp_path, caplog):
    caplog.set_level("DEBUG", "bali")
    file.faults = [hang_up(), status(500), drop(1000), status(400)]
    address = Address(f"{server.url('/f')}?url=x", {"apiKey": KEY})
    with pytest.raises(InputError) as caught:
        download(Client(Manners()), address, tmp_path / "f", Expected())
    assert server.requests[0][0] == "/f?url=x&apiKey=s3cret%2Fkey%2Bof+mine"
    said = caplog.text + str(caught.value) + repr(address)
    said += "".join(p.name + p.read_bytes().decode("latin-1") for p in tmp_path.iterdir())
    assert "attempt 2" in said and "s3cret" not in said


def test_a_shown_address_has_no_user_and_no_values():
    assert shown("https://me:pw@a.org:8/f?token=t&x=1#z") == "https://a.org:8/f?token=...&x=..."


@pytest.mark.parametrize("url", ["", "a.org/f", "ftp://a.org/f", "http:///f", "http://[a/f"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(InputError, match="no http or https address"):
        Address(url)


@pytest.mark.parametrize("checksum", ["md5:abc", "sha1:" + "0" * 40, "0" * 32, SHA256.upper()])
def test_what_is_no_checksum_is_refused(checksum):
    with pytest.raises(InputError, match=r"write md5: and 32"):
        Expected(checksum=checksum)


def test_a_file_that_is_there_is_recognised(tmp_path):
    path = tmp_path / "f"
    assert not Expected().holds(path)
    path.write_bytes(CONTENT)
    assert Expected(len(CONTENT), SHA256).holds(path)
    assert not Expected(len(CONTENT) - 1, SHA256).holds(path)
    path.write_bytes(OTHER)
    assert not Expected(len(CONTENT), SHA256).holds(path)


def test_a_disk_that_is_too_small_is_noticed_before(server, tmp_path, monkeypatch):
    monkeypatch.setattr(bali.download, "SPARE", 2**62)
    with pytest.raises(InputError, match=r"0\.0 GiB are free; make room"):
        fetch(server, tmp_path / "f")
    assert not (tmp_path / "f").exists()
    monkeypatch.setattr(bali.download, "SPARE", 0)
    require_space(tmp_path, 1, "f")


def test_a_small_text_is_read_with_retries_and_a_cap(server, file):
    client = Client(Manners())
    address = Address(server.url("/f"))
    file.content, file.faults = "é".encode() * 100, [hang_up(), drop(30)]
    assert client.read(address, cap=200) == "é" * 100
    with pytest.raises(InputError, match="more than 199 bytes"):
        client.read(address, cap=199)
