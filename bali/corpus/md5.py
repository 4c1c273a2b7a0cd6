"""The .md5 sidecars that stand beside PubMed's files."""

from __future__ import annotations

import re
from hashlib import file_digest
from pathlib import Path

from bali.corpus.broken import BrokenFileError, Damage
from bali.errors import InputError
from bali.files import require_file

# NLM writes `MD5(name)= hex`; md5sum writes `hex  name`.
_DIGEST = re.compile(r"(?:^MD5\s*\(.*\)\s*=\s*|^\\?)([0-9a-fA-F]{32})(?=\s|$)")


def stated_md5(text: str, sidecar: str) -> str:
    """The MD5 that a sidecar states, in lower-case hex.

    Args:
        text: what it holds.
        sidecar: its path or address, for the message.

    Raises:
        InputError: it holds no MD5.
    """
    stated = _DIGEST.match(text.strip())
    if stated is None:
        raise InputError(
            f"{sidecar}: holds no MD5 (`MD5(name)= hex` or `hex  name`); fetch it again"
        )
    return stated[1].lower()


def check_md5(path: Path, sidecar: Path) -> None:
    """Compare a file's MD5 with the one that its sidecar states.

    Raises:
        InputError: one of the two is missing, or the sidecar holds no MD5.
        BrokenFileError: they differ.
    """
    require_file(path, "fetch it, or correct corpus.folder, first and last in the config")
    require_file(sidecar, f"fetch it from where {path.name} came from")
    stated = stated_md5(sidecar.read_text(errors="replace"), str(sidecar))
    with path.open("rb") as stream:
        found = file_digest(stream, "md5").hexdigest()
    if found != stated:
        raise BrokenFileError(
            Damage.MD5,
            f"{path}: its MD5 is {found}, but {sidecar.name} says {stated}; fetch both again",
        )
