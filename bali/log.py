"""One logging set-up for all steps: the log file gets everything, the terminal what matters."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

Item = TypeVar("Item")
logger = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 30.0


def set_up(log_file: Path | None) -> None:
    """Send messages from INFO to `log_file`, or to stderr where none is given."""
    handler: logging.Handler
    if log_file is None:
        handler = logging.StreamHandler(sys.stderr)
    else:
        log_file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(log_file, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for chatty in ("py4j", "urllib3", "httpx", "httpx2", "filelock", "nmslib"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def progress(items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
    """Pass `items` through; a bar on a terminal, a log line every half minute elsewhere.

    Args:
        items: what to iterate over.
        what: the unit's name in the plural, as in "sentences".
        total: how many there will be, if known.

    Yields:
        The items, unchanged.
    """
    if sys.stderr.isatty():
        yield from tqdm(items, desc=what, total=total, dynamic_ncols=True)
        return
    start = last = time.monotonic()
    done = 0
    for item in items:
        yield item
        done += 1
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_LINES:
            last = now
            of = f" of {total}" if total else ""
            logger.info("%d%s %s, %.1f/s", done, of, what, done / (now - start))
    logger.info("%d %s in %.1f s", done, what, time.monotonic() - start)
