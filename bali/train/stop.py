"""SIGTERM, which a cluster sends at its time limit, as a question that is asked between batches."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Self

EXIT_STATUS = 128 + signal.SIGTERM  # as of a process that the signal ended


class StoppedError(Exception):
    """SIGTERM came while something ran that is done anew when the run goes on."""


class Stop:
    """`with Stop() as stop: ... if stop.requested`; afterwards SIGTERM means what it did before."""

    def __init__(self) -> None:
        """Nothing was requested yet."""
        self.requested = False

    def __enter__(self) -> Self:
        """Listen."""
        self._before = signal.signal(signal.SIGTERM, self._note)
        return self

    def check(self) -> None:
        """Leave what may be done anew.

        Raises:
            StoppedError: SIGTERM came.
        """
        if self.requested:
            raise StoppedError

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.requested = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        signal.signal(signal.SIGTERM, self._before)
