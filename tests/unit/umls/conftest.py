"""One Spark session for all tests of the stage, and RRF rows of invented concepts."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bali.umls.spark import Workspace, open_workspace


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


@pytest.fixture(scope="session")
def rows() -> dict[str, Callable[..., str]]:
    """Builders of RRF rows."""
    return {"conso": conso, "rel": rel, "sty": sty, "definition": definition}
