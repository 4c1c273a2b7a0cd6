"""`bali umls warm`: keep the classes that Spark loads, so that the stage starts sooner.

Runs the stage once on a few invented rows. Of use where `bali umls tables` runs more than once; to
be repeated after another Java or pyspark (`class_cache`).
"""

from __future__ import annotations

import argparse
import logging
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from bali.errors import InputError
from bali.files import atomic_path
from bali.umls import class_cache, heldout
from bali.umls.jvm import find_java
from bali.umls.release import LAYOUTS, find_tables
from bali.umls.settings import Settings
from bali.umls.spark import LEAST_HEAP, open_workspace
from bali.umls.tables import write_tables

logger = logging.getLogger(__name__)

ROWS = {
    "MRCONSO": [
        {"cui": "C0000001", "lat": "ENG", "sab": "A", "tty": "PT", "code": "1", "str": "one"},
        {"cui": "C0000001", "lat": "ENG", "sab": "A", "tty": "SY", "code": "1", "str": "first"},
        {"cui": "C0000002", "lat": "ENG", "sab": "A", "tty": "PT", "code": "2", "str": "two"},
    ],
    "MRREL": [{"cui1": "C0000001", "rel": "RO", "cui2": "C0000002", "sab": "A"}],
    "MRSTY": [{"cui": "C0000001", "tui": "T033", "sty": "Finding"}],
    "MRDEF": [{"cui": "C0000001", "sab": "A", "def": "the least number"}],
    "MRCUI": [{"cui1": "C0000003", "rel": "SY", "cui2": "C0000001"}],
}
SETTINGS = Settings(("ENG",), ("O",), heldout.Settings(min_names=2, share=1.0, seed=0))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No flags: what is kept depends on Java and pyspark alone."""


def run(args: argparse.Namespace) -> None:
    """Run the stage on `ROWS` in a JVM that keeps its classes.

    Raises:
        InputError: the JVM wrote nothing.
    """
    java = find_java(os.environ)
    path = class_cache.cache_file(java, os.environ, class_cache.suffix_for(java))
    with TemporaryDirectory(prefix="bali-warm-") as folder, atomic_path(path) as part:
        meta = Path(folder, "META")
        write_rows(meta)
        with open_workspace(2, 2 * LEAST_HEAP, 0, record=part) as work:
            write_tables(find_tables([meta]), SETTINGS, None, Path(folder, "tables"), work)
        if not part.is_file():
            raise InputError(
                f"{java}: wrote no archive of classes; Spark works without one, or set JAVA_HOME "
                "to another Java"
            )
        logger.info("%s: %d MB", path, part.stat().st_size // 2**20)


def write_rows(meta: Path) -> None:
    """Write `ROWS` as RRF files; columns that they lack are empty."""
    meta.mkdir(parents=True)
    for table, rows in ROWS.items():
        lines = ("".join(f"{row.get(name, '')}|" for name in LAYOUTS[table]) for row in rows)
        (meta / f"{table}.RRF").write_text("".join(f"{line}\n" for line in lines))
