"""An archive of the classes that Spark loads, with which its JVM starts sooner.

Spark loads some ten thousand classes before its first job ends, and reads, checks and lays out
each of them anew in every run. A JVM can keep them in a file that later ones map into memory
(class data sharing, JEP 350; from Java 25 on an AOT cache, JEP 483). `bali umls warm` makes that
file. It holds code of Spark and Java, nothing of any input, and is of use to the same Java and
pyspark only: the JVM sees to that, and without a file that fits it starts as ever.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import pyspark

from bali.umls.jvm import java_version

logger = logging.getLogger(__name__)

AOT = 25  # first Java whose cache may be written in one go, and needs no archive of Java itself
# Suffix -> flags that write such a file and that read it.
FLAGS = {
    ".jsa": ("-XX:ArchiveClassesAtExit=", "-XX:SharedArchiveFile="),
    ".aot": ("-XX:AOTCacheOutput=", "-XX:AOTCache="),
}
QUIET = "-Xlog:disable"  # a file that does not fit would be told of on stdout


def cache_file(java: Path, environ: Mapping[str, str], suffix: str) -> Path:
    """Where the archive of one Java and one pyspark stands, in the user's cache folder.

    Args:
        java: the program.
        environ: the variables XDG_CACHE_HOME and HOME are read.
        suffix: one of `FLAGS`.
    """
    cache = Path(environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME", "/"), ".cache"))
    key = sha256(f"{java.resolve()}\n{pyspark.__file__}".encode()).hexdigest()[:16]
    return cache / "bali" / f"spark-{pyspark.__version__}-{key}{suffix}"


def suffix_for(java: Path) -> str:
    """The kind of archive that a Java writes."""
    return ".aot" if java_version(java) >= AOT else ".jsa"


def recording(path: Path) -> list[str]:
    """Options of a JVM that writes `path` when it ends."""
    return [f"{FLAGS[path.suffix][0]}{path}", QUIET]


def sharing(java: Path, environ: Mapping[str, str]) -> list[str]:
    """Options of a JVM that uses the archive, where there is one."""
    for suffix, (_, reads) in FLAGS.items():
        path = cache_file(java, environ, suffix)
        if path.is_file():
            logger.info("classes of Spark from %s", path)
            return [f"{reads}{path}", QUIET]
    return []
