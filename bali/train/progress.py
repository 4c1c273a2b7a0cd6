"""What a person sees of a running training: a bar or log lines, and TensorBoard.

Speeds and times stand here only; the history must be the same bytes in every run.
"""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from bali.files import remove
from bali.log import SECONDS_BETWEEN_LINES

logger = logging.getLogger(__name__)


class Progress:
    """Shows the losses, sentences/s and the time left; usage: `with Progress(...) as progress`."""

    def __init__(self, tensorboard: Path, steps: int) -> None:
        """Open the display.

        Args:
            tensorboard: folder of the event files; one of an earlier run is removed.
            steps: of the whole run.
        """
        self._folder = tensorboard
        remove(tensorboard)
        # written in place, not moved in at the end: it is there to be watched while it grows
        self._writer = SummaryWriter(str(tensorboard))
        self._bar = tqdm(total=steps, unit="step", disable=not sys.stderr.isatty())
        self._steps = steps
        self._start = self._last = time.monotonic()
        self._sentences = 0

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
            remove(self._folder)

    def step(self, record: dict[str, Any]) -> None:
        """Show a finished step, a record of the history."""
        now = time.monotonic()
        self._sentences += record["sentences"]
        speed = self._sentences / (now - self._start)
        rates = {name: record[name] for name in ("lr_lm", "lr_rest")}
        self._scalars(
            "train", record["step"], {**_losses(record), **rates, **record.get("watched", {})}
        )
        self._writer.add_scalar("speed/sentences_per_second", speed, record["step"])
        self._bar.set_postfix_str(
            f"{show_losses(_losses(record))}, {speed:.0f} sentences/s", refresh=False
        )
        self._bar.update()
        done = record["step"]
        if done in (1, self._steps) or now - self._last >= SECONDS_BETWEEN_LINES:
            self._last = now
            logger.info(
                "step %d of %d, epoch %d: %s; %.1f sentences/s, %.0f s left",
                done,
                self._steps,
                record["epoch"],
                show_losses(_losses(record)),
                speed,
                (now - self._start) / done * (self._steps - done),
            )

    def validation(self, record: dict[str, Any]) -> None:
        """Show the validation at an epoch's end, a record of the history."""
        self._scalars("validation", record["step"], _losses(record))
        logger.info("validation after epoch %d: %s", record["epoch"], show_losses(_losses(record)))

    def _scalars(self, group: str, step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(f"{group}/{name}", value, step)


def _losses(record: dict[str, Any]) -> dict[str, float]:
    """The sum and each objective's part of it, without its weight."""
    return {"loss": record["loss"], **record["losses"]}


def show_losses(losses: dict[str, float]) -> str:
    """Losses by name, on one line."""
    return ", ".join(f"{name} {value:.4f}" for name, value in losses.items())
