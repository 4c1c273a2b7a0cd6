"""Fetches a language model from the Hugging Face Hub at a pinned commit, and checks every byte.

The address of another hub comes from HF_ENDPOINT, a token from HF_TOKEN, as `huggingface_hub` has
it. That library goes on with a file that breaks off, keeps whole files for a later run, and checks
sizes; digests are checked here: SHA-256 of large files (LFS), Git's SHA-1 of a blob of small ones.
"""

from __future__ import annotations

import logging
import os
from hashlib import sha1
from pathlib import Path

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile

from bali.errors import InputError
from bali.files import remove, sha256
from bali.model.lm import WEIGHTS
from bali.model.tokenizer import TOKENIZER_FILES

logger = logging.getLogger(__name__)


def fetch_snapshot(repository: str, revision: str, folder: Path) -> None:
    """Fetch config, tokeniser and weights; safetensors alone where there are both.

    Args:
        repository: <owner>/<name>.
        revision: commit, 40 hex digits.
        folder: gets the files; those that an earlier run left there are not fetched again.

    Raises:
        InputError: there is no such model or commit, it is not for everybody, has no weights, the
            hub does not answer, or what came is not what it states.
    """
    # asked for at each call: the library reads the variable when it is imported
    endpoint = os.environ.get("HF_ENDPOINT")
    what = f"hf:{repository} at {revision}"
    try:
        tree = HfApi(endpoint=endpoint).list_repo_tree(repository, revision=revision)
        stated = {file.path: file for file in tree if isinstance(file, RepoFile)}
        wanted = _wanted(stated)
        if wanted:
            size = sum(file.size for file in wanted)
            logger.info("%s: %d files, %.1f MB", what, len(wanted), size / 1e6)
            snapshot_download(
                repository,
                revision=revision,
                local_dir=folder,
                allow_patterns=[file.path for file in wanted],
                endpoint=endpoint,
            )
    # its errors have many roots: those of HTTP, of files, of values
    except Exception as error:
        raise InputError(f"{what}: {_reason(error)}") from error
    if not wanted:
        raise InputError(
            f"{what}: no weights ({' or '.join(WEIGHTS)}) among its {len(stated)} files; choose "
            "another model or commit"
        )
    for file in wanted:
        _check(what, file, folder / file.path)


def _wanted(stated: dict[str, RepoFile]) -> list[RepoFile]:
    """The files that count; none if there are no weights."""
    weights = [name for name in WEIGHTS if name in stated][:1]
    names = ["config.json", *TOKENIZER_FILES, *weights] if weights else []
    return [stated[name] for name in names if name in stated]


def _check(what: str, file: RepoFile, path: Path) -> None:
    """Compare a file with what the hub states of it; remove it if it is another.

    Raises:
        InputError: it is.
    """
    found, expected = path.stat().st_size, file.size
    digest, wanted = (
        (sha256(path), file.lfs.sha256) if file.lfs else (_git_blob(path), file.blob_id)
    )
    if (found, digest) != (expected, wanted):
        remove(path)
        raise InputError(
            f"{what}: {file.path} came with {found} bytes and digest {digest}, the hub states "
            f"{expected} and {wanted}; it was removed, run again"
        )


def _git_blob(path: Path) -> str:
    """The name that Git has for a file's content."""
    content = path.read_bytes()
    return sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()


def _reason(error: Exception) -> str:
    if isinstance(error, GatedRepoError):
        return "it is gated; accept its terms on its page and set HF_TOKEN"
    if isinstance(error, RevisionNotFoundError):
        return "it has no such commit; correct lm.revision"
    if isinstance(error, RepositoryNotFoundError):
        return "no such model, or a private one; correct lm.source or set HF_TOKEN"
    if isinstance(error, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set; unset it to fetch the model, once"
    text = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return f"{text}; check the network and run again: whole files are kept"
