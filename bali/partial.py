"""What was received of a file so far, kept beside its place for a later attempt or run."""

from __future__ import annotations

import json
from hashlib import new as new_hash
from pathlib import Path
from typing import Any

from bali.address import Address
from bali.files import remove, write_json

CHUNK = 2**20  # bytes read at once


class Part:
    """What was received of a file: its bytes, their running digest and the file's version."""

    def __init__(self, target: Path, algorithm: str) -> None:
        """Nothing has been received yet."""
        self.path = target.with_name(f".part-{target.name}")
        self.record = target.with_name(f".part-{target.name}.json")
        self._algorithm = algorithm
        self._reset()

    def _reset(self) -> None:
        self.size = 0  # bytes
        self.spliced = False  # made of the answers to several requests
        self.version: dict[str, Any] = {}
        self._hash = new_hash(self._algorithm)

    @property
    def checksum(self) -> str:
        """Of the bytes so far, as in "md5:..."."""
        return f"{self._algorithm}:{self._hash.hexdigest()}"

    def load(self, address: Address) -> None:
        """Take up what an earlier run left of this very address; remove anything else."""
        try:
            version = json.loads(self.record.read_text())
            if version["address"] == str(address):
                self.read(self.path)
                self.version = version
                return
        except (OSError, ValueError, TypeError, KeyError):
            pass
        self.clear()

    def read(self, path: Path) -> None:
        """Count and digest the bytes of a file."""
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                self._hash.update(chunk)
                self.size += len(chunk)

    def begin(self, version: dict[str, Any]) -> None:
        """Start from the first byte, with the version of the file that is coming."""
        self.clear()
        self.version = version
        self.path.touch()
        write_json(self.record, version)

    def add(self, chunk: bytes) -> None:
        """Digest bytes that were written."""
        self._hash.update(chunk)
        self.size += len(chunk)

    def clear(self) -> None:
        """Forget everything that was received."""
        remove(self.path)
        remove(self.record)
        self._reset()

    def finish(self, target: Path) -> None:
        """Move the file in."""
        self.path.replace(target)
        remove(self.record)
