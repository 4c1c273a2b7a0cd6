"""What a run read, in words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def corpus_in_words(corpus: Mapping[str, Any]) -> str:
    """Where the training text came from.

    Args:
        corpus: that section of the config.
    """
    parts = []
    if corpus["folder"] is not None:
        parts.append(f"{corpus['folder']}, files {corpus['first']} to {corpus['last']}")
    if texts := corpus["texts"]["files"]:
        parts.append(f"texts of {', '.join(Path(path).name for path in texts)}")
    return "; ".join(parts)
