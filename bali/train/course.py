"""A run from its first or its last saved step to its end: steps, validation, checkpoints."""

from __future__ import annotations

import logging
import math
import sys
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

from bali.errors import InputError
from bali.train.checkpoints import Checkpoint, Checkpoints
from bali.train.data import TrainingData
from bali.train.loader import load
from bali.train.loop import NotFiniteError, Record, Trainer, explain
from bali.train.probe import Probe
from bali.train.progress import Progress, show_losses
from bali.train.state import capture, restore, restore_weights
from bali.train.stop import EXIT_STATUS, Stop, StoppedError
from bali.train.validation import mean_losses

logger = logging.getLogger(__name__)


@dataclass
class Course:
    """One run; `finish` brings it to its end and returns the history.

    Attributes:
        trainer: model, optimiser and training sentences.
        validation: None where no document was set aside.
        probe: None where no name is asked for.
        checkpoints: of this run.
        workers: processes that make batches.
        checkpoint_seconds: between two checkpoints; 0 saves after every step.
        history: {"steps": one record a step, "validation": one a validation}; numbers only, and
            none that depends on the clock.
    """

    trainer: Trainer
    validation: TrainingData | None
    probe: Probe | None
    checkpoints: Checkpoints
    workers: int
    checkpoint_seconds: float
    history: dict[str, list[Record]] = field(
        default_factory=lambda: {"steps": [], "validation": []}
    )

    @property
    def done(self) -> int:
        """Steps whose records are complete."""
        return len(self.history["steps"])

    def resume(self) -> None:
        """Go on from the newest checkpoint, if there is one.

        Raises:
            InputError: it is of a run with other settings or inputs.
        """
        checkpoint = self.checkpoints.newest()
        if checkpoint is not None:
            restore(self.trainer.aligner, self.trainer.optimizer, checkpoint.tensors)
            self.history = checkpoint.history
            logger.info("goes on after step %d of %d", checkpoint.step, self.trainer.steps)

    def finish(self, progress: Progress) -> dict[str, list[Record]]:
        """Train to the end.

        Raises:
            InputError: a loss is not finite any more; the batch is saved.
            SystemExit: SIGTERM came; the state is saved.
        """
        progress.replay(self.history)
        trainer, steps = self.trainer, range(self.done, self.trainer.steps)
        saved = time.monotonic()
        with Stop() as stop, closing(load(trainer.data.at, steps, self.workers)) as batches:
            if self._validation_missing():  # SIGTERM came in it; the step itself is saved
                self._validate_unless(stop, progress)
                self._leave_if(stop)
            for done in steps:
                with progress.waiting():
                    batch = next(batches)
                try:
                    self._keep(trainer.step(batch, done), progress)
                    if (validates := self._validates(done + 1)) or stop.requested:
                        self._keep(trainer.fetch(), progress)
                    if validates:
                        self._validate_unless(stop, progress)
                    due = time.monotonic() - saved >= self.checkpoint_seconds
                    if due or stop.requested or (validates and self._best() == done + 1):
                        self._keep(trainer.fetch(), progress)
                        self._save()
                        saved = time.monotonic()
                except NotFiniteError as error:
                    self._keep(error.before, progress)
                    steps_before = self.history["steps"]
                    folder = self.checkpoints.folder
                    raise explain(error, trainer.data, steps_before, folder) from None
                self._leave_if(stop)
        return self.history

    def use_best(self) -> int:
        """Take the weights of the best validation instead of the last ones; returns its step."""
        best = self._best() or self.done
        if best != self.done:
            restore_weights(self.trainer.aligner, self.checkpoints.load(best).tensors)
        return best

    def _keep(self, records: list[Record], progress: Progress) -> None:
        for record in records:
            self.history["steps"].append(record)
            progress.step(record)

    def _validates(self, step: int) -> bool:
        every = self.trainer.settings.validate_every
        at_stated_step = every > 0 and step % every == 0
        return at_stated_step or step % self.trainer.data.steps == 0

    def _leave_if(self, stop: Stop) -> None:
        if stop.requested:
            logger.warning("SIGTERM: step %d is saved; run again to go on", self.done)
            sys.exit(EXIT_STATUS)

    def _validation_missing(self) -> bool:
        """The last step asks for a validation that its checkpoint does not have."""
        if not self.done or not self._validates(self.done):
            return False
        return self.done not in [record["step"] for record in self.history["validation"]]

    def _validate_unless(self, stop: Stop, progress: Progress) -> None:
        """Validate; where SIGTERM comes meanwhile, leave it for when the run goes on."""
        with suppress(StoppedError):
            self._validate(stop, progress)

    def _validate(self, stop: Stop, progress: Progress) -> None:
        if self.validation is None and self.probe is None:
            return
        last = self.history["steps"][-1]
        record: dict[str, Any] = {"epoch": last["epoch"], "step": last["step"], "losses": {}}
        if self.validation is not None:
            of_epoch_0 = range(-self.validation.steps, 0)
            with closing(load(self.validation.at, of_epoch_0, self.workers)) as batches:
                record |= mean_losses(self.trainer, batches, stop.check)
            if not math.isfinite(record["loss"]):
                raise InputError(
                    f"step {last['step']}: the validation loss is {record['loss']} "
                    f"({show_losses(record['losses'])}), that of training is not; set "
                    "train.precision to fp32"
                )
        if self.probe is not None:
            record["probe"] = self.probe.accuracy(self.trainer.aligner, stop.check)
        self.history["validation"].append(record)
        progress.validation(record)

    def _best(self) -> int | None:
        """Step of the lowest validation loss, the first of equal ones."""
        records = [record for record in self.history["validation"] if "loss" in record]
        return min(records, key=lambda record: record["loss"])["step"] if records else None

    def _save(self) -> None:
        tensors = capture(self.trainer.aligner, self.trainer.optimizer)
        self.checkpoints.save(Checkpoint(self.done, tensors, self.history), self._best())
