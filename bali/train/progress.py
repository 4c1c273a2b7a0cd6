"""What a person sees of a running training: a bar or log lines, and TensorBoard.

Speeds and times stand here only; the history must be the same bytes in every run.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from bali.files import remove_empty
from bali.log import SECONDS_BETWEEN_LINES

logger = logging.getLogger(__name__)


class Progress:
    """Shows losses, speeds and the time left; usage: `with Progress(...) as progress`."""

    def __init__(self, tensorboard: Path, steps: int) -> None:
        """Open the display.

        Args:
            tensorboard: folder of the event files; those of an earlier run are removed.
            steps: of the whole run.
        """
        self._folder = tensorboard
        self._clear()
        # written in place, not moved in at the end: it is there to be watched while it grows
        self._writer = SummaryWriter(str(tensorboard))
        self._bar = tqdm(total=steps, unit="step", disable=not sys.stderr.isatty())
        self._steps = steps
        self._start = self._last = time.monotonic()
        self._sentences = self._tokens = self._cells = self._shown = 0
        self._waited = 0.0

    def __enter__(self) -> Self:
        """Nothing to do: the display is open."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the display; after an error, nothing of it stays."""
        self._bar.close()
        self._writer.close()
        if error is not None:
            self._clear()

    def _clear(self) -> None:
        """Remove event files, and the folder if it holds nothing else."""
        for path in self._folder.glob("events.out.tfevents.*"):
            path.unlink()
        remove_empty(self._folder)

    def replay(self, history: dict[str, list[dict[str, Any]]]) -> None:
        """Show what an earlier, interrupted part of the run had shown; its events are gone."""
        for record in history["steps"]:
            self._losses(record)
        for record in history["validation"]:
            self._scalars("validation", record["step"], _measured(record))
        self._bar.update(len(history["steps"]))
        self._start = self._last = time.monotonic()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """The time in this block is waited for data."""
        start = time.monotonic()
        yield
        self._waited += time.monotonic() - start

    def step(self, record: dict[str, Any]) -> None:
        """Show a finished step, a record of the history."""
        now = time.monotonic()
        self._shown += 1
        self._sentences += record["sentences"]
        self._tokens += record["tokens"]
        self._cells += record["cells"]
        seconds = max(now - self._start, 1e-9)
        speeds = {
            "sentences_per_second": self._sentences / seconds,
            "tokens_per_second": self._tokens / seconds,
            "padding_share": 1 - record["tokens"] / max(record["cells"], 1),
            "waiting_share": self._waited / seconds,
        }
        self._losses(record)
        self._scalars("speed", record["step"], speeds)
        shown = show_losses(_measured(record))
        self._bar.set_postfix_str(
            f"{shown}, {speeds['tokens_per_second']:.0f} tokens/s", refresh=False
        )
        self._bar.update()
        done = record["step"]
        if self._shown == 1 or done == self._steps or now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            logger.info(
                "step %d of %d, epoch %d: %s; %.1f sentences/s, %.0f tokens/s, %.1f %% padding, "
                "%.1f %% waiting for data, %.0f s left",
                done,
                self._steps,
                record["epoch"],
                shown,
                speeds["sentences_per_second"],
                speeds["tokens_per_second"],
                100 * (1 - self._tokens / max(self._cells, 1)),
                100 * speeds["waiting_share"],
                seconds / self._shown * (self._steps - done),
            )

    def validation(self, record: dict[str, Any]) -> None:
        """Show a validation, a record of the history."""
        self._scalars("validation", record["step"], _measured(record))
        logger.info("validation at step %d: %s", record["step"], show_losses(_measured(record)))

    def _losses(self, record: dict[str, Any]) -> None:
        others = {name: record[name] for name in ("grad_norm", "lr_lm", "lr_rest")}
        others |= record["watched"]
        self._scalars("train", record["step"], {**_measured(record), **others})

    def _scalars(self, group: str, step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(f"{group}/{name}", value, step)


def _measured(record: dict[str, Any]) -> dict[str, float]:
    """The sum, each objective's part of it without its weight, and what the probe found."""
    single = {name: record[name] for name in ("loss", "probe") if name in record}
    return {**single, **record.get("losses", {})}


def show_losses(losses: dict[str, float]) -> str:
    """Losses by name, on one line."""
    return ", ".join(f"{name} {value:.4f}" for name, value in losses.items())
