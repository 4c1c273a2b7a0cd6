"""Outputs appear whole or not at all: written beside their place, moved in when complete.

A killed job therefore leaves nothing that looks finished. `Path.replace` is atomic within one file
system, which is why the temporary name stands in the folder of its target.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from typing import Any

from bali.errors import InputError


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it there if the block ends without an error.

    Works for a file as for a folder that the block creates. An existing folder at `path` is
    replaced. What a killed run left under the temporary name is removed first.

    Args:
        path: where the output belongs; parents are made.

    Yields:
        The path to write to. Its suffix is that of `path`, because libraries look at it.

    Raises:
        InputError: its folder cannot be made: a file stands there, or it is not ours to write to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise InputError(
            f"{path}: its folder cannot be made ({error.strerror}: {error.filename}); choose "
            "another"
        ) from None
    part = path.with_name(f".part-{path.name}")
    remove(part)
    try:
        yield part
    except BaseException:
        remove(part)
        raise
    if path.is_dir():
        shutil.rmtree(path)
    part.replace(path)


def remove(path: Path) -> None:
    """Remove a file or a whole folder; nothing happens if there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON with sorted keys and a final newline, atomically."""
    with atomic_path(path) as part:
        part.write_text(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        InputError: there is no such file, or it holds no JSON.
    """
    require_file(path, "an earlier step writes it: run snakemake")
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise InputError(f"{path}: no valid JSON ({error}); remove it and run again") from None


def require_file(path: Path, remedy: str) -> Path:
    """Return `path` if it is a file.

    Raises:
        InputError: it is none; `remedy` ends the message.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; {remedy}")
    return path


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
