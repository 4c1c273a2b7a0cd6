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
    """Give a temporary path beside `path`; the file goes there if the block ends without an error.

    What a killed run left under the temporary name is removed first.

    Args:
        path: where the file belongs; parents are made, an older file is replaced.

    Yields:
        The path to write to. Its suffix is that of `path`, because libraries look at it.

    Raises:
        InputError: a folder stands at `path`, or its own folder cannot be made.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a file")
    with _beside(path) as part:
        yield part
        part.replace(path)


@contextmanager
def atomic_folder(path: Path, marker: str) -> Iterator[Path]:
    """Like `atomic_path`, for a folder.

    Args:
        path: where the folder belongs; parents are made. An older one is replaced if it is empty or
            holds `marker`: an `--out` that names a folder of something else must not remove it.
        marker: a file that the block writes, by which a folder is known as one of its kind.

    Yields:
        The folder to write to; empty.

    Raises:
        InputError: a file or a folder of something else stands at `path`, or its own folder cannot
            be made.
    """
    require_replaceable(path, marker)
    with _beside(path) as part:
        part.mkdir()
        yield part
        remove(path)
        part.replace(path)


def require_replaceable(path: Path, marker: str) -> None:
    """Check, before long work, that `atomic_folder` may put a folder at `path`.

    Raises:
        InputError: see `atomic_folder`.
    """
    if path.exists() and not path.is_dir():
        raise InputError(f"{path}: is a file; name a folder")
    if path.is_dir() and any(path.iterdir()) and not (path / marker).is_file():
        raise InputError(
            f"{path}: holds files but no {marker}, so it is no folder that this step wrote before; "
            "remove it or name another"
        )


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
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


def remove(path: Path) -> None:
    """Remove a file or a whole folder; nothing happens if there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove_empty(folder: Path) -> None:
    """Remove a folder that holds nothing; one that holds something, or is not there, stays."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


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
