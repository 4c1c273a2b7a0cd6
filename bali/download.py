"""Files over HTTP: resumed, bounded, verified, and in place only when whole.

What was received stands in `.part-<name>` beside the target, and in `.part-<name>.json` which
version of the file it is of (ETag, Last-Modified). A later attempt, or a later run, asks for the
rest with Range and If-Range (RFC 9110, 13.1.5 and 14.2), so that a server whose file has changed
sends all of it. The digest is computed while bytes arrive; of a part that a run finds, first.
"""

from __future__ import annotations

import logging
import re
import shutil
from dataclasses import dataclass
from errno import EDQUOT, ENOSPC
from hashlib import file_digest
from pathlib import Path
from typing import Any

import requests

from bali.address import Address
from bali.errors import InputError
from bali.log import progress
from bali.partial import CHUNK, Part
from bali.web import Attempts, Client, TransientError

logger = logging.getLogger(__name__)

SPARE = 2**28  # bytes of disk that a download leaves free
_CHECKSUM = re.compile(r"(md5):([0-9a-f]{32})|(sha256):([0-9a-f]{64})")
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")


class ChecksumError(InputError):
    """The file was received whole, and its bytes are not those that were asked for."""


@dataclass(frozen=True)
class Expected:
    """What is known of a file before it is fetched.

    Args:
        size: bytes, if known.
        checksum: as in "md5:<32 hex digits>" or "sha256:<64 hex digits>", if known.
        cap: bytes that are accepted at most where the size is not known.
    """

    size: int | None = None
    checksum: str | None = None
    cap: int = 2**40

    def __post_init__(self) -> None:
        """Check the checksum's form.

        Raises:
            InputError: it is no checksum.
        """
        if self.checksum is not None and not _CHECKSUM.fullmatch(self.checksum):
            raise InputError(
                f"checksum {self.checksum!r}: write md5: and 32, or sha256: and 64 lower-case hex "
                "digits"
            )

    @property
    def algorithm(self) -> str:
        """Name of the digest; SHA-256 where none is asked for."""
        return (self.checksum or "sha256").partition(":")[0]

    def holds(self, path: Path) -> bool:
        """Whether a file is there whose size and checksum are right."""
        if not path.is_file() or self.size not in (None, path.stat().st_size):
            return False
        if self.checksum is None:
            return True
        with path.open("rb") as stream:
            return f"{self.algorithm}:{file_digest(stream, self.algorithm).hexdigest()}" == (
                self.checksum
            )


def download(
    client: Client, address: Address, target: Path, expected: Expected, *, show: bool = True
) -> None:
    """Fetch a file, going on where an earlier attempt or run broke off.

    Args:
        client: sends the requests.
        address: of the file.
        target: where it belongs; its folder is made.
        expected: its size and checksum, as far as known.
        show: show progress, in MiB.

    Raises:
        ChecksumError: the file is another than expected; nothing is left of it.
        AbsentError: there is no such file.
        InputError: the server refuses, states another size, sends more than is accepted or gives
            up; or the disk is too small.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Part(target, expected.algorithm)
    part.load(address)
    attempts = Attempts(address, client.manners)
    while True:
        try:
            _receive(client, address, part, expected, show)
        except TransientError as error:
            attempts.pause(error, part.size)
            continue
        if expected.checksum in (None, part.checksum):
            part.finish(target)
            return
        found, spliced = part.checksum, part.spliced
        part.clear()
        if not spliced:
            raise ChecksumError(
                f"{address}: the file's checksum is {found}, not {expected.checksum}; correct the "
                "checksum or the address"
            )
        # the parts need not be of one version: not every server can tell its versions apart
        logger.warning("%s: %s is not %s; starts again", address, found, expected.checksum)


def _receive(client: Client, address: Address, part: Part, expected: Expected, show: bool) -> None:
    """One request, and all that comes of it.

    Raises:
        TransientError: the file is not whole yet.
        InputError: it will not be.
    """
    with client.get(address, _conditions(part, expected)) as response:
        version = _version(address, response)
        if response.status_code == 416:
            if part.size and part.size == version["bytes"] and _same(version, part.version):
                part.spliced = True
                return  # a killed run had received all
            part.clear()
            raise TransientError("the part is not of the server's file; starts again", wait=0)
        _check_size(address, response, version["bytes"], expected)
        total: int | None = expected.size or version["bytes"]
        require_space(part.path.parent, (total or 0) - part.size, str(address))
        if response.status_code == 206:
            start = _RANGE.match(response.headers.get("Content-Range", ""))
            if not start or start[1] != str(part.size) or not _same(version, part.version):
                part.clear()
                raise TransientError("the file changed; starts again", wait=0)
            part.spliced = True
            logger.info("%s: goes on at byte %d", address, part.size)
        else:
            part.begin(version)
        _append(address, response, part, total, expected, show)
        if total is not None and part.size < total:
            raise TransientError(f"{part.size} of {total} bytes received")


def _conditions(part: Part, expected: Expected) -> dict[str, str]:
    """Headers that ask for the rest of a part; none where it could not be told to fit."""
    validator = part.version.get("etag") or part.version.get("modified")
    if not part.size or not (validator or expected.checksum):
        return {}
    return {"Range": f"bytes={part.size}-"} | ({"If-Range": validator} if validator else {})


def _version(address: Address, response: requests.Response) -> dict[str, Any]:
    """The file's address, size in bytes and validators, as an answer states them."""
    headers = response.headers
    etag = headers.get("ETag", "")
    if response.status_code == 200:
        size = headers.get("Content-Length", "")
    else:
        stated = _RANGE.match(headers.get("Content-Range", ""))
        size = stated[2] if stated else ""
    return {
        "address": str(address),
        "bytes": int(size) if size.isdecimal() else None,
        "etag": "" if etag.startswith("W/") else etag,  # a weak one says nothing of the bytes
        "modified": headers.get("Last-Modified", ""),
    }


def _same(found: dict[str, Any], before: dict[str, Any]) -> bool:
    """Whether two answers are of one version; what one of them does not state is no evidence."""
    return all(
        not found[key] or not before.get(key) or found[key] == before[key]
        for key in ("bytes", "etag", "modified")
    )


def _check_size(
    address: Address, response: requests.Response, stated: int | None, expected: Expected
) -> None:
    kind = response.headers.get("Content-Type", "").partition(";")[0]
    page = "; it is a web page, of a login perhaps" if kind == "text/html" else ""
    if expected.size is not None and stated not in (None, expected.size):
        raise InputError(
            f"{address}: the server's file has {stated} bytes, not {expected.size}{page}; correct "
            "the size or the address"
        )
    if stated is not None and stated > expected.cap:
        raise InputError(
            f"{address}: the server's file has {stated} bytes, more than the {expected.cap} that "
            f"are accepted{page}; correct the address"
        )


def _append(
    address: Address,
    response: requests.Response,
    part: Part,
    total: int | None,
    expected: Expected,
    show: bool,
) -> None:
    """Write the body to the part's end."""
    limit = expected.cap if total is None else total
    # as it is on the server: a body that claims to be compressed is the stored file
    chunks = response.raw.stream(CHUNK, decode_content=False)
    if show:
        pending = None if total is None else -(-(total - part.size) // CHUNK)
        chunks = progress(chunks, f"MiB of {address}", pending)
    try:
        with part.path.open("ab") as out:
            for chunk in chunks:
                if part.size + len(chunk) > limit:
                    part.clear()
                    raise InputError(
                        f"{address}: more than {limit} bytes came; correct the size or the address"
                    )
                out.write(chunk)
                part.add(chunk)
    except OSError as error:
        if error.errno not in (ENOSPC, EDQUOT):
            raise
        raise InputError(
            f"{part.path}: {error.strerror}; make room and run again: what came is kept"
        ) from None


def require_space(folder: Path, needed: int, what: str) -> None:
    """Check that a disk can hold what is to be written to it.

    Args:
        folder: on that disk.
        needed: bytes.
        what: for the message.

    Raises:
        InputError: it cannot.
    """
    free = shutil.disk_usage(folder).free - SPARE
    if needed > free:
        raise InputError(
            f"{what}: {needed / 2**30:.1f} GiB are needed in {folder}, of which "
            f"{max(free, 0) / 2**30:.1f} GiB are free; make room, or choose another disk"
        )
