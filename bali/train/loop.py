"""The training loop: AdamW with two learning rates, cosine with warm-up, validation by epoch.

The published run's optimiser (method.md section 4): weight decay on all parameters alike, biases
and norms too, because that is what its plain `AdamW(parameters, weight_decay=.01)` does.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from bali.errors import InputError
from bali.model.aligner import Aligner
from bali.model.batch import Batch
from bali.model.losses import Losses
from bali.train.data import TrainingData
from bali.train.progress import Progress, show_losses
from bali.train.schedule import learning_rate_factor, warmup_length
from bali.train.settings import Settings

VALIDATION = 0  # its epoch, as TrainingData counts: the same masks, names and subgraphs each time


class Trainer:
    """One run over the data; `fit` does it and returns the history."""

    def __init__(
        self,
        aligner: Aligner,
        data: TrainingData,
        validation: TrainingData | None,
        settings: Settings,
        device: torch.device,
    ) -> None:
        """Prepare the optimiser.

        Args:
            aligner: the joint model, moved to `device`.
            data: the training sentences.
            validation: None where no document was set aside.
            settings: of the run.
            device: where to compute.
        """
        self.aligner = aligner.to(device)
        self.data = data
        self.validation = validation
        self.settings = settings
        self.device = device
        self.steps = settings.epochs * data.steps
        self.warmup = warmup_length(self.steps, settings.warmup_share, settings.warmup_steps)
        of_lm, rest = aligner.parameter_groups()
        self.parameters = [*of_lm, *rest]
        groups = [{"params": of_lm, "lr": settings.lr_lm}]
        if rest:  # names-only without an MLM head has nothing but the language model
            groups.append({"params": rest, "lr": settings.lr_rest})
        self.optimizer = torch.optim.AdamW(groups, weight_decay=settings.weight_decay, fused=True)

    def fit(self, progress: Progress) -> dict[str, list[dict[str, Any]]]:
        """Train for all epochs.

        Returns:
            {"steps": one record a step, "validation": one an epoch}; numbers only, and none that
            depends on the clock.

        Raises:
            InputError: a loss is not finite any more.
        """
        steps: list[dict[str, Any]] = []
        validation: list[dict[str, Any]] = []
        for epoch in range(1, self.settings.epochs + 1):
            for batch in self.data.epoch(epoch):
                steps.append(self.step(batch, epoch, len(steps)))
                progress.step(steps[-1])
            if self.validation is not None:
                record = {"epoch": epoch, "step": len(steps), **self.evaluate(self.validation)}
                validation.append(record)
                progress.validation(record)
        return {"steps": steps, "validation": validation}

    def step(self, batch: Batch, epoch: int, done: int) -> dict[str, Any]:
        """One step of the optimiser.

        Args:
            batch: the step's inputs.
            epoch: from 1.
            done: steps before this one.

        Returns:
            The step's record in the history. Its losses, by objective, are means over what each
            counts in this step: masked tokens, ordered positive pairs, ... `watched` holds
            temperatures that are learnt.
        """
        factor = learning_rate_factor(done, self.steps, self.warmup)
        rates = {"lr_lm": self.settings.lr_lm, "lr_rest": self.settings.lr_rest}
        rates = {name: factor * peak for name, peak in rates.items()}
        for group, rate in zip(self.optimizer.param_groups, rates.values(), strict=False):
            group["lr"] = rate
        self.aligner.train()
        losses = self._losses(batch)
        record: dict[str, Any] = {
            "step": done + 1,
            "epoch": epoch,
            "loss": losses.total.item(),
            "losses": {name: value.item() for name, value in losses.values.items()},
            "watched": {name: value.item() for name, value in losses.watched.items()},
            **rates,
            "sentences": len(batch.sentences.lengths),
            "mentions": len(batch.concept),
        }
        if not math.isfinite(record["loss"]):
            raise InputError(
                f"step {done + 1}, epoch {epoch}: the loss is {record['loss']} "
                f"({show_losses(record['losses'])}); lower train.lr_lm and train.lr_rest, or set "
                "train.precision to fp32"
            )
        self.optimizer.zero_grad(set_to_none=True)
        losses.total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.parameters, self.settings.max_grad_norm)
        self.optimizer.step()
        return record

    @torch.no_grad()
    def evaluate(self, data: TrainingData) -> dict[str, Any]:
        """Losses over a whole file, without dropout.

        Returns:
            loss and losses, as in the record of a step. Each objective's is a mean over all that
            it counts in the file, not over batches, of which the last is smaller; `loss` is their
            weighted sum.
        """
        self.aligner.eval()
        sums: dict[str, float] = {}
        counts: dict[str, int] = {}
        for batch in data.epoch(VALIDATION):
            losses = self._losses(batch)
            for name, value in losses.values.items():
                count = int(losses.counts[name])
                sums[name] = sums.get(name, 0.0) + value.item() * count
                counts[name] = counts.get(name, 0) + count
        means = {name: total / max(counts[name], 1) for name, total in sums.items()}
        weights = self.aligner.weights
        return {"loss": sum(weights[name] * mean for name, mean in means.items()), "losses": means}

    def _losses(self, batch: Batch) -> Losses:
        bf16 = self.settings.precision == "bf16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=bf16):
            losses: Losses = self.aligner(batch.to(self.device))
        return losses
