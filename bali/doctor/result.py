"""What a check of `bali doctor` found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bali.errors import InputError

OK, WARN, FAIL = "OK", "WARN", "FAIL"


@dataclass(frozen=True)
class Result:
    """One line of the table.

    Attributes:
        check: what was looked at.
        level: OK; WARN, the run may be slow or need more later; FAIL, it would stop.
        found: what is there.
        remedy: what to do, unless it is OK.
    """

    check: str
    level: str
    found: str
    remedy: str = ""


def from_error(check: str, look: Callable[[], str]) -> Result:
    """OK with what `look` says, or FAIL with the InputError that it raises."""
    try:
        return Result(check, OK, look())
    except InputError as error:
        return failure(check, str(error))


def failure(check: str, message: str) -> Result:
    """FAIL with an error's message, whose last part is the remedy."""
    found, _, remedy = message.rpartition("; ")
    return Result(check, FAIL, found or message, remedy if found else "")


def size(count: float) -> str:
    """Bytes in words."""
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.1f} MiB"


def table(results: Iterable[Result]) -> str:
    """The lines, in columns; the remedy stands below what it mends."""
    lines = []
    results = list(results)
    width = max((len(result.check) for result in results), default=0)
    for result in results:
        lines.append(f"{result.level:4}  {result.check:{width}}  {result.found}")
        if result.remedy:
            lines.append(f"{'':4}  {'':{width}}  -> {result.remedy}")
    return "\n".join(lines) + "\n"
