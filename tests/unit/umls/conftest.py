"""One Spark session for all tests of the stage, and RRF rows of invented concepts."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pyspark
import pytest
from small_meta import OUTPUTS, SETTINGS, write_meta

from bali.storage import read_table
from bali.umls.jvm import find_java, wrap_java
from bali.umls.release import find_tables
from bali.umls.spark import Workspace, open_workspace
from bali.umls.tables import write_tables


@pytest.fixture(scope="session")
def session() -> Iterator[Workspace]:
    with open_workspace(threads=2, memory_mb=1024, input_bytes=0) as work:
        yield work


@pytest.fixture
def work(session: Workspace, tmp_path: Path) -> Workspace:
    """The shared session with a scratch folder of the test's own."""
    return Workspace(session.spark, tmp_path / "scratch")


def conso(
    cui: str,
    name: str,
    *,
    lat: str = "ENG",
    status: str = "S PF Y",
    sab: str = "AAA",
    tty: str = "SY",
    code: str = "NOCODE",
    suppress: str = "N",
) -> str:
    ts, stt, ispref = status.split()
    return (
        f"{cui}|{lat}|{ts}|L1|{stt}|S1|{ispref}|A1||||{sab}|{tty}|{code}|{name}|0|{suppress}|256|"
    )


def rel(
    cui1: str, rel: str, cui2: str, rela: str = "", *, sab: str = "AAA", suppress: str = "N"
) -> str:
    return f"{cui1}|A1|AUI|{rel}|{cui2}|A2|AUI|{rela}|R1||{sab}|{sab}||N|{suppress}||"


def sty(cui: str, tui: str, name: str) -> str:
    return f"{cui}|{tui}|A1.2|{name}|AT1||"


def definition(cui: str, text: str, *, sab: str = "AAA", suppress: str = "N") -> str:
    return f"{cui}|A1|AT1||{sab}|{text}|{suppress}||"


def cui(old: str, rel: str, new: str, *, version: str = "2000AA") -> str:
    return f"{old}|{version}|{rel}|||{new}|{'Y' if new else ''}|"


@pytest.fixture(scope="session")
def rows() -> dict[str, Callable[..., str]]:
    """Builders of RRF rows."""
    return {"conso": conso, "rel": rel, "sty": sty, "definition": definition, "cui": cui}


@pytest.fixture(scope="session")
def standalone_master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Spark master on loopback with one worker of two cores."""
    folder = tmp_path_factory.mktemp("cluster")
    java = wrap_java(find_java(os.environ), folder / "java") / "bin/java"
    home = Path(pyspark.__file__).parent
    environ = os.environ | {"JAVA_HOME": str(java.parent.parent), "SPARK_HOME": str(home)}
    # Spark's own start scripts set the version of Scala, without which no executor starts
    environ |= {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_SCALA_VERSION": "2.13"}
    command = [str(java), "-Xmx256m", "-cp", f"{home}/jars/*"]
    package = "org.apache.spark.deploy"
    port, web = free_port(), ["--webui-port", "0", "--host", "127.0.0.1"]
    master = f"spark://127.0.0.1:{port}"
    programs = {
        "master": [f"{package}.master.Master", "--port", str(port), *web],
        "worker": [f"{package}.worker.Worker", *web, "--work-dir", str(folder), master],
    }
    with ExitStack() as stack:
        for name, words in programs.items():
            log = stack.enter_context((folder / f"{name}.log").open("w"))
            process = subprocess.Popen([*command, *words], env=environ, stdout=log, stderr=log)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            wait_for(folder / f"{name}.log", f"Successfully started service 'spark{name.title()}")
        wait_for(folder / "worker.log", "Successfully registered with master")
        yield master


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def wait_for(log: Path, words: str) -> None:
    """Wait until a program has written words into its log; at most a minute."""
    for _ in range(600):
        if words in log.read_text():
            return
        time.sleep(0.1)
    raise TimeoutError(f"no {words!r} in: {log.read_text()}")


@pytest.fixture(scope="session")
def built(session: Workspace, tmp_path_factory, rows):
    """Table -> list of rows; the counts; the folder of the tables."""
    folder = tmp_path_factory.mktemp("built")
    metas = write_meta(folder / "umls", rows)
    work = Workspace(session.spark, folder / "scratch")
    counts = write_tables(find_tables(metas), SETTINGS, None, folder / "out", work)
    content = {
        name: [
            tuple(row.values())
            for row in read_table(name, folder / "out" / f"{name}.parquet").to_pylist()
        ]
        for name in OUTPUTS
    }
    return content, counts, folder / "out"
