"""What a run's result depends on, by key: a checkpoint is gone on from where all of it is the same.

Left out is what changes no bit of it: worker processes, the cadence of checkpoints.
"""

from __future__ import annotations

import argparse
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from bali.digest import code_digest
from bali.errors import InputError
from bali.files import require_file, sha256
from bali.train.settings import Settings

PACKAGES = ("torch", "torch_geometric", "transformers")  # whose sums the bits depend on


def identity(args: argparse.Namespace, settings: Settings, device: torch.device) -> dict[str, Any]:
    """Settings, seed, code, versions and the digests of all inputs.

    Args:
        args: of `bali train run`.
        settings: of the run.
        device: where it computes.

    Raises:
        InputError: an input is missing.
    """
    inputs = {
        flag: require_file(path, "the step that makes it has not run")
        for flag, path in (
            ("--pairs", args.pairs),
            ("--validation", args.validation),
            ("--names", args.names),
            ("--subgraphs", args.subgraphs),
            ("--edge-types", args.edge_types),
            ("--hierarchy", args.hierarchy),
            ("--soft-links", args.soft_links),
        )
        if path is not None
    }
    inputs |= {f"--lm {path.name}": path for path in files_of(args.lm)}
    return {
        **{f"train.{key}": value for key, value in settings.as_dict().items()},
        **{flag: f"sha256:{sha256(path)}" for flag, path in inputs.items()},
        "--seed": args.seed,
        "--threads": args.threads,
        "device": device.type,
        "code of bali": code_digest("train.run"),
        **{f"version of {package}": version(package) for package in PACKAGES},
    }


def files_of(folder: Path) -> list[Path]:
    """The files of a language model's folder, by name.

    Raises:
        InputError: there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; lm.source says where the model comes from")
    return sorted(path for path in folder.iterdir() if path.is_file())
