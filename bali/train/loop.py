"""The training loop: AdamW with two learning rates, cosine with warm-up, validation on the way.

The published run's optimiser (method.md section 4): weight decay on all parameters alike, biases
and norms too, because that is what its plain `AdamW(parameters, weight_decay=.01)` does.

Nothing in a step waits for the device. Losses stay there and are fetched every few steps; a loss
or a gradient that is not finite raises a flag on the device, at which the fused optimiser leaves
the weights as they are, from that very step on.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bali.errors import InputError
from bali.model.aligner import Aligner
from bali.model.batch import Batch
from bali.model.losses import Losses
from bali.train.data import TrainingData
from bali.train.inspection import save_batch
from bali.train.progress import show_losses
from bali.train.schedule import learning_rate_factor, warmup_length
from bali.train.settings import Settings

Record = dict[str, Any]
FETCH_EVERY = 20  # steps, on a device that computes while this process goes on


class Trainer:
    """Model and optimiser; `step` by `step` over the data."""

    def __init__(
        self,
        aligner: Aligner,
        data: TrainingData,
        settings: Settings,
        device: torch.device,
        fetch_every: int | None = None,
    ) -> None:
        """Prepare the optimiser.

        Args:
            aligner: the joint model, moved to `device`.
            data: the training sentences.
            settings: of the run.
            device: where to compute.
            fetch_every: steps after which the losses are fetched; None: every step on a CPU,
                where it costs nothing, and every 20 elsewhere. It changes no number.
        """
        self.aligner = aligner.to(device)
        if settings.compile:
            aligner.lm.compile(dynamic=True)  # in place: the names of the weights stay
        self.data = data
        self.settings = settings
        self.device = device
        self.fetch_every = fetch_every or (1 if device.type == "cpu" else FETCH_EVERY)
        self.steps = settings.epochs * data.steps
        self.warmup = warmup_length(self.steps, settings.warmup_share, settings.warmup_steps)
        of_lm, rest = aligner.parameter_groups()
        self.parameters = [*of_lm, *rest]
        groups = [{"params": of_lm, "lr": settings.lr_lm}]
        if rest:  # names-only without an MLM head has nothing but the language model
            groups.append({"params": rest, "lr": settings.lr_rest})
        self.optimizer = torch.optim.AdamW(groups, weight_decay=settings.weight_decay, fused=True)
        self._bad = torch.zeros((), device=device)  # 1 once a step was not finite
        # what the fused optimiser looks at, on the device, before it touches a weight
        self.optimizer.found_inf = self._bad  # type: ignore[attr-defined]
        self._pending: list[tuple[Record, Tensor]] = []

    def step(self, batch: Batch, done: int) -> list[Record]:
        """One step of the optimiser.

        Args:
            batch: the step's inputs.
            done: steps before this one.

        Returns:
            Records of the history that became complete with this step; see `fetch`.

        Raises:
            NotFiniteError: a loss or gradient of one of them is not finite.
        """
        rates = self.set_rates(done)
        self.aligner.train()
        losses = self.losses(batch)
        self.optimizer.zero_grad(set_to_none=True)
        losses.total.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.parameters, self.settings.max_grad_norm)
        single = (losses.total, norm, *losses.values.values(), *losses.watched.values())
        numbers = torch.stack([number.detach().float() for number in single])
        self._bad.copy_(torch.maximum(self._bad, (~numbers.isfinite()).any().float()))
        self.optimizer.step()
        record: Record = {
            "step": done + 1,
            "epoch": done // self.data.steps + 1,
            "losses": dict.fromkeys(losses.values),
            "watched": dict.fromkeys(losses.watched),
            **rates,
            "sentences": len(batch.sentences),
            "mentions": len(batch.concept),
            "tokens": losses.tokens,
            "cells": losses.cells,
        }
        self._pending.append((record, numbers))
        return self.fetch() if len(self._pending) >= self.fetch_every else []

    def set_rates(self, done: int) -> dict[str, float]:
        """Set the learning rates of the step after `done` steps, and return them."""
        factor = learning_rate_factor(done, self.steps, self.warmup)
        rates = {"lr_lm": self.settings.lr_lm, "lr_rest": self.settings.lr_rest}
        rates = {name: factor * peak for name, peak in rates.items()}
        for group, rate in zip(self.optimizer.param_groups, rates.values(), strict=False):
            group["lr"] = rate
        return rates

    def fetch(self) -> list[Record]:
        """Wait for the device and complete the records of the steps since the last time.

        Returns:
            One record a step. Its losses, by objective, are means over what each counts in this
            step: masked tokens, ordered positive pairs, ...; `watched` holds temperatures that
            are learnt; grad_norm is from before clipping; tokens are real ones that the language
            model read, cells are those with padding.

        Raises:
            NotFiniteError: a loss or a gradient is not finite. Weights and optimiser are those from
                before that step.
        """
        if not self._pending:
            return []
        values = torch.stack([numbers for _, numbers in self._pending]).tolist()
        records: list[Record] = []
        for (record, _), (loss, norm, *others) in zip(self._pending, values, strict=True):
            record |= {"loss": loss, "grad_norm": norm}
            number = iter(others)
            for group in ("losses", "watched"):
                record[group] = {name: next(number) for name in record[group]}
            if not all(math.isfinite(value) for value in (loss, norm, *others)):
                raise NotFiniteError(record, records)
            records.append(record)
        self._pending = []
        return records

    def losses(self, batch: Batch) -> Losses:
        """The losses of a batch, in the run's precision."""
        bf16 = self.settings.precision == "bf16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=bf16):
            losses: Losses = self.aligner(batch.to(self.device))
        return losses


class NotFiniteError(Exception):
    """A step whose loss or gradient is not finite.

    Attributes:
        record: of that step.
        before: records that were complete before it.
    """

    def __init__(self, record: Record, before: list[Record]) -> None:
        """Keep the records."""
        super().__init__(f"step {record['step']}")
        self.record = record
        self.before = before


def explain(
    error: NotFiniteError, data: TrainingData, before: list[Record], folder: Path
) -> InputError:
    """Save the batch of a step that is not finite, with the course that led to it.

    Args:
        error: names the step.
        data: makes its batch once more.
        before: the records of all steps before it.
        folder: gets a folder for it.

    Returns:
        One line that says what to do.
    """
    record = error.record
    number = record["step"] - 1
    numbers = {"loss": record["loss"], "grad_norm": record["grad_norm"], **record["losses"]}
    shown = {name: value if math.isfinite(value) else str(value) for name, value in numbers.items()}
    about = {**record, "losses": {name: shown[name] for name in record["losses"]}}
    about |= {name: shown[name] for name in ("loss", "grad_norm")}
    about["rows"] = data.items(number).tolist()
    about["before"] = before
    place = folder / f"not-finite-{record['step']:08d}"
    save_batch(data.at(number), about, place)
    return InputError(
        f"step {record['step']}, epoch {record['epoch']}: the loss is {record['loss']} "
        f"({show_losses(record['losses'])}; norm of the gradient {record['grad_norm']:.4g}); its "
        f"batch is in {place}; lower train.lr_lm and train.lr_rest, or set train.precision to fp32"
    )
