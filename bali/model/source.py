"""What lm.source may name: a folder, a folder inside a package, or a model on the Hub."""

from __future__ import annotations

import re

from bali.errors import InputError

HUB = "hf:"
PACKAGE = "package:"
_REPOSITORY = re.compile(r"([A-Za-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]*", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")


def hub_repository(source: str, revision: str | None, key: str = "lm") -> str | None:
    """The repository that `source` names, hf:<owner>/<name>; None if it is not on the Hub.

    Args:
        source: lm.source.
        revision: lm.revision; a branch or a tag may move, a commit may not.
        key: of the config, that holds the two.

    Raises:
        InputError: the name is none, the revision is missing or no commit, or there is one where
            the source is not on the Hub.
    """
    if not source.startswith(HUB):
        if revision is not None:
            raise InputError(
                f"{key}.revision {revision!r}: only a source on the Hub has one, {key}.source is "
                f"{source!r}; set it to null"
            )
        return None
    name = source.removeprefix(HUB)
    if not _REPOSITORY.fullmatch(name):
        raise InputError(f"{key}.source {source!r}: write hf:<owner>/<name>")
    if revision is None or not _COMMIT.fullmatch(revision):
        raise InputError(
            f"{key}.revision {revision!r}: {source} needs the commit that is meant, 40 hex digits "
            "(the model's page lists them under Files, History), since branches and tags move"
        )
    return name
