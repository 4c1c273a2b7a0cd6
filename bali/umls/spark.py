"""One Spark session for all tables of the stage, with a scratch folder that goes with it."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from py4j.protocol import Py4JError
from pyspark.sql import SparkSession

from bali.umls import class_cache
from bali.umls.jvm import find_java, wrap_java

logger = logging.getLogger(__name__)

JOBS = 3  # at a time
LEAST_HEAP = 512  # MiB; Spark refuses to start with less than 450
# A job of seconds ends before the optimising compiler and a parallel collector pay. Measured on
# the demo on a shared machine: 28 instead of 51 s of processor time, 0.9 instead of 1.6 GB.
SMALL = 64 * 2**20  # bytes
SMALL_INPUT = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")

LARGE_INPUT = ("-XX:+UseParallelGC",)  # G1 would spend threads on pauses that nobody waits for

LOG4J = """\
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d %p %c{1}: %m%n
"""


@dataclass(frozen=True)
class Workspace:
    """A Spark session and the scratch folder that its staging belongs to."""

    spark: SparkSession
    scratch: Path


@contextmanager
def open_workspace(
    threads: int, memory_mb: int, input_bytes: int, record: Path | None = None
) -> Iterator[Workspace]:
    """Start Spark; stop it and remove its scratch folder at the end.

    The master is `local[threads]`, unless the environment variable BALI_SPARK_MASTER names
    another: where a job runs must not change what Snakemake thinks of its outputs. With another
    master, TMPDIR must be a folder that all its workers see.

    Args:
        threads: of a local master.
        memory_mb: of the job, MiB; half of it is heap, the rest is for what the JVM keeps beside
            it and for Python, which sorts.
        input_bytes: size of the input; sets how the JVM compiles.
        record: gets the JVM's classes (`class_cache`), before the block is left.

    Yields:
        The session and its scratch folder.

    Raises:
        InputError: no Java is found.
    """
    master = os.environ.get("BALI_SPARK_MASTER", f"local[{threads}]")
    with TemporaryDirectory(prefix="bali-spark-") as folder:
        scratch = Path(folder)
        java = find_java(os.environ)
        os.environ["JAVA_HOME"] = str(wrap_java(java, scratch / "java"))
        # else the workers take whatever `python3` is first on PATH
        os.environ["PYSPARK_PYTHON"] = sys.executable
        log4j = scratch / "log4j2.properties"
        log4j.write_text(LOG4J)
        options = [f"-Dlog4j2.configurationFile={log4j}", f"-Djava.io.tmpdir={scratch}"]
        options += SMALL_INPUT if input_bytes < SMALL else LARGE_INPUT
        options += (
            class_cache.recording(record) if record else class_cache.sharing(java, os.environ)
        )
        settings = {
            "spark.driver.memory": f"{max(LEAST_HEAP, memory_mb // 2)}m",
            "spark.driver.extraJavaOptions": " ".join(f'"{option}"' for option in options),
            "spark.local.dir": str(scratch),
            "spark.sql.warehouse.dir": str(scratch / "warehouse"),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }
        if master.startswith("local"):
            settings |= {
                "spark.driver.host": "127.0.0.1",
                "spark.driver.bindAddress": "127.0.0.1",
            }
        builder = SparkSession.builder.appName("bali umls").master(master)
        for key, value in settings.items():
            builder = builder.config(key, value)
        spark = builder.getOrCreate()
        try:
            yield Workspace(spark, scratch)
        finally:
            try:
                spark.stop()
                if record:
                    _end_jvm(spark)
            except Py4JError:  # a signal came in the middle of a call: end the JVM itself
                if gateway := spark.sparkContext._gateway:
                    gateway.proc.kill()
                    gateway.proc.wait()


def _end_jvm(spark: SparkSession) -> None:
    """Let the JVM end, which it does when its stdin is closed, and wait until it has."""
    if gateway := spark.sparkContext._gateway:
        gateway.proc.stdin.close()
        gateway.proc.wait()


@contextmanager
def side_by_side(work: Workspace) -> Iterator[ThreadPoolExecutor]:
    """Runs tasks that start jobs of Spark, some at a time.

    One job alone leaves cores idle while it is planned, or while its parts are streamed.

    Yields:
        The pool to submit them to; `finish` waits for them. After an error, or at a signal, what
        still runs is cancelled.
    """
    with ThreadPoolExecutor(JOBS) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            work.spark.sparkContext.cancelAllJobs()
            raise


def finish(*tasks: Future[Any]) -> None:
    """Wait for tasks; raise what the first of them raises that fails."""
    for task in as_completed(tasks):
        task.result()
