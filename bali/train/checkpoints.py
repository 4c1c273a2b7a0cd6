"""Checkpoints of a run in a folder of their own: safetensors and JSON, whole or not there.

    step-00000120/state.safetensors     weights, optimiser, random number generators
    step-00000120/state.json            what the run was, how far it is, its history so far

The folder stands outside of what the rule declares as its output, because Snakemake removes
declared outputs before a job starts.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from bali.errors import InputError
from bali.files import remove, remove_empty

FORMAT = 1  # of state.json and the names in state.safetensors


@dataclass(frozen=True)
class Checkpoint:
    """One saved state."""

    step: int  # steps done
    tensors: dict[str, Tensor]  # see `bali/train/state.py`
    history: dict[str, list[dict[str, Any]]]  # as far as the run had come


class Checkpoints:
    """The checkpoints of one run; the newest and the best are kept."""

    def __init__(self, folder: Path, identity: dict[str, Any], keep: int) -> None:
        """Look after a folder.

        Args:
            folder: made when the first checkpoint is saved.
            identity: what the result depends on, by key: settings, digests of the inputs, ... A
                run goes on from a checkpoint of the same identity only.
            keep: the newest so many stay, beside the best.
        """
        self.folder = folder
        self.identity = identity
        self.keep = keep
        for leftover in (*folder.glob(".part-step-*"), *folder.glob(".old-step-*")):
            remove(leftover)  # of a run that was killed while it wrote or removed

    def steps(self) -> list[int]:
        """Steps of the checkpoints that are there, ascending."""
        return sorted(int(path.name.removeprefix("step-")) for path in self.folder.glob("step-*"))

    def save(self, checkpoint: Checkpoint, best: int | None) -> None:
        """Write a checkpoint so that it survives a kill or a crash, then remove old ones.

        Args:
            checkpoint: what to save.
            best: step of the best one by validation, which is not removed; None: there is none.
        """
        place = self._place(checkpoint.step)
        if not place.is_dir():
            part = place.with_name(f".part-{place.name}")
            remove(part)
            part.mkdir(parents=True)
            save_file(checkpoint.tensors, part / "state.safetensors")
            state = {
                "format": FORMAT,
                "step": checkpoint.step,
                "identity": self.identity,
                "history": checkpoint.history,
            }
            (part / "state.json").write_text(json.dumps(state, sort_keys=True) + "\n")
            for path in (*part.iterdir(), part):
                _sync(path)
            part.rename(place)
            _sync(self.folder)
        kept = {*self.steps()[-self.keep :], best}
        for step in self.steps():
            if step not in kept:
                # renamed first: a folder that is half removed must not look like a checkpoint
                old = self._place(step)
                shutil.rmtree(old.rename(old.with_name(f".old-{old.name}")))

    def newest(self) -> Checkpoint | None:
        """The checkpoint to go on from; None if there is none.

        Raises:
            InputError: it is of another run, or it cannot be read.
        """
        steps = self.steps()
        return self.load(steps[-1]) if steps else None

    def load(self, step: int) -> Checkpoint:
        """Read one checkpoint.

        Raises:
            InputError: as `newest`.
        """
        place = self._place(step)
        remedy = f"remove {self.folder} to start the run anew"
        try:
            state = json.loads((place / "state.json").read_text())
            if state["format"] != FORMAT:
                raise ValueError(f"format {state['format']}, needed is {FORMAT}")
            self._compare(state["identity"], place, remedy)
            return Checkpoint(
                step=int(state["step"]),
                tensors=load_file(place / "state.safetensors"),
                history=state["history"],
            )
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise InputError(f"{place}: no checkpoint to go on from ({error}); {remedy}") from None

    def clear(self) -> None:
        """Remove all of them: the run is done."""
        for path in (self._place(step) for step in self.steps()):
            remove(path)
        remove_empty(self.folder)

    def _compare(self, saved: dict[str, Any], place: Path, remedy: str) -> None:
        for key in sorted(saved.keys() | self.identity.keys()):
            before, now = saved.get(key), self.identity.get(key)
            if before != now:
                raise InputError(
                    f"{place}: {key} was {_short(before)} when this run began and is "
                    f"{_short(now)} now; set it back to go on, or {remedy}"
                )

    def _place(self, step: int) -> Path:
        return self.folder / f"step-{step:08d}"


def _short(value: Any) -> str:
    """A setting as it is written, a digest by its first digits."""
    text = "absent" if value is None else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:13]}..."


def _sync(path: Path) -> None:
    """Wait until a file, or a folder's list of files, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
