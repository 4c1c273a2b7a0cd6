"""`bali train estimate`: what a run will cost on a device, before anyone queues a job."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from bali.errors import InputError
from bali.model.lm import load_config
from bali.train.cost import Shape, Step, forward_flops, memory, parameters, seconds, step_flops
from bali.train.devices import DEVICES
from bali.train.settings import Settings
from bali.train.unused import in_vain

# vocabulary, width, layers, feed-forward width of models that need not be there to be estimated
SHAPES = {
    "bert-base": (30_522, 768, 12, 3_072),
    "bert-large": (30_522, 1_024, 24, 4_096),
    "minilm-l6": (30_522, 384, 6, 1_536),
}
PADDING = 0.05  # most of the cells that packing leaves empty


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the tool."""
    parser.add_argument(
        "--config", type=Path, action="append", required=True, help="later ones override"
    )
    parser.add_argument("--run", dest="run_name", help="a run of the config (default: train)")
    parser.add_argument("--device", choices=sorted(DEVICES), default="a100-40gb")
    parser.add_argument(
        "--lm", default="bert-base", help=f"a folder with config.json, or {', '.join(SHAPES)}"
    )
    parser.add_argument(
        "--utilisation", type=float, default=0.35, help="share of the peak that is reached"
    )
    group = parser.add_argument_group("the data, where their means are known")
    group.add_argument("--sentences", type=int, help="default: pairs.max_sentences")
    group.add_argument("--sentence-tokens", type=float, default=40, help="special ones included")
    group.add_argument("--name-tokens", type=float, default=9, help="special ones included")
    group.add_argument("--mentions", type=float, default=1.75, help="concepts a sentence")
    group.add_argument("--distinct", type=float, default=0.6, help="share of names not repeated")


def run(args: argparse.Namespace) -> None:
    """Print the estimate."""
    config: dict[str, Any] = {}
    for path in args.config:
        config = merged(config, read_yaml(path))
    settings = settings_of(config, args.run_name)
    for name in ("utilisation", "distinct"):
        if not 0 < getattr(args, name) <= 1:
            raise InputError(f"--{name}: {getattr(args, name)} must be above 0 and at most 1")
    for name in ("sentence_tokens", "name_tokens", "mentions"):
        if not 0 < getattr(args, name) < math.inf:
            raise InputError(f"--{name.replace('_', '-')}: {getattr(args, name)} must be above 0")
    sentences = args.sentences or config.get("pairs", {}).get("max_sentences")
    if not sentences or sentences < 1:
        raise InputError("--sentences: the config sets no pairs.max_sentences; state their number")
    shape = shape_of(args.lm, settings)
    step = expected_step(args, settings, config["graph"]["fan_out"])
    sys.stdout.write("\n".join(report(args, settings, shape, step, sentences)) + "\n")


def expected_step(args: argparse.Namespace, settings: Settings, fan_out: list[int]) -> Step:
    """Mean numbers of a step, from what is stated of the data."""
    batch = settings.batch_size
    mentions = batch * args.mentions
    around = sum(math.prod(fan_out[: hop + 1]) for hop in range(len(fan_out)))
    members = mentions * (1 + (around if settings.needs_graph else 0))
    tokens = batch * args.sentence_tokens if settings.w_mlm or settings.w_align else 0.0
    if settings.encoder.startswith("linear") and settings.w_align:
        tokens += mentions * min(settings.linear_tokens, (2 * args.name_tokens + 4) * around)
    elif settings.needs_names:
        tokens += members * args.distinct * args.name_tokens
    if settings.w_synonyms:
        tokens += 2 * settings.synonym_pairs * args.name_tokens
    return Step(
        tokens=tokens,
        cells=tokens / (1 - PADDING),
        row=2 * args.sentence_tokens,
        hidden=batch * args.sentence_tokens * settings.mask_share if settings.w_mlm else 0,
        members=members if settings.w_align else 0,
        centres=mentions if settings.w_align else 0,
        mentions=mentions if settings.w_align else 0,
    )


def report(
    args: argparse.Namespace, settings: Settings, shape: Shape, step: Step, sentences: int
) -> list[str]:
    """The lines that are printed."""
    device = DEVICES[args.device]
    bits = 16 if settings.precision == "bf16" else 32
    peak = device.bf16 if bits == 16 else device.fp32
    steps = settings.epochs * -(-sentences // settings.batch_size)
    each = seconds(shape, step, peak, device.bandwidth, args.utilisation)
    needed = memory(shape, step, bits)
    parts = forward_flops(shape, step)
    shares = ", ".join(f"{name} {value / sum(parts.values()):.0%}" for name, value in parts.items())
    fits = "fits" if needed < device.memory else "DOES NOT FIT: take a smaller train.batch_size"
    return [
        f"parameters        {parameters(shape) / 1e6:.1f} M trained",
        f"steps             {steps:,} of {settings.batch_size} sentences, {settings.epochs} epochs",
        f"tokens a step     {step.tokens:,.0f} real, {step.cells:,.0f} with padding",
        f"FLOPs a step      {step_flops(shape, step) / 1e12:.2f} T ({shares})",
        f"FLOPs of the run  {steps * step_flops(shape, step):.2e}",
        f"memory            {needed / 1e9:.1f} GB of {device.memory / 1e9:.0f} GB: {fits}",
        f"time              {each:.3f} s a step, {steps * each / 3600:.1f} h on one {args.device} "
        f"at {args.utilisation:.0%} of {peak / 1e12:.0f} TFLOP/s",
        "It rests on the means of the data and the utilisation stated; --help names the flags.",
    ]


def settings_of(config: Mapping[str, Any], run_name: str | None) -> Settings:
    """The settings of a run, or those that all runs share.

    Raises:
        InputError: the config lacks a section or the run, or a setting of the run's own is in vain.
    """
    for section in ("train", "graph"):
        if not isinstance(config.get(section), dict):
            raise InputError(f"--config: no section {section}; name config.yaml first")
    runs = config.get("runs", {})
    if run_name is not None and run_name not in runs:
        raise InputError(f"--run: {run_name!r} is none of {', '.join(runs)}")
    own = runs[run_name] if run_name else {}
    settings = Settings.from_json(json.dumps({**config["train"], **own}))
    for mistake in in_vain(config["train"], {run_name: own} if run_name else {}):
        raise InputError(mistake)
    return settings


def shape_of(lm: str, settings: Settings) -> Shape:
    """Sizes of a model in SHAPES, or of the one in a folder.

    Raises:
        InputError: it is neither, or its config does not tell them.
    """
    if lm in SHAPES:
        vocabulary, dim, layers, inner = SHAPES[lm]
        positions = 512
    else:
        config = load_config(Path(lm))
        keys = "vocab_size hidden_size num_hidden_layers intermediate_size max_position_embeddings"
        values = {key: getattr(config, key, None) for key in keys.split()}
        for key, value in values.items():
            if not isinstance(value, int):
                raise InputError(f"{lm}/config.json: {key} is {value!r}, no number of anything")
        vocabulary, dim, layers, inner, positions = (int(value or 0) for value in values.values())
    encoder = settings.encoder if settings.w_align else "none"
    return Shape(dim, layers, inner, vocabulary, positions, encoder, settings.layers)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a config.

    Raises:
        InputError: there is no such file, or it is no mapping.
    """
    try:
        value = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"{path}: no config ({error})") from None
    if not isinstance(value, dict):
        raise InputError(f"{path}: no mapping of settings")
    return value


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the keys of `over`, as Snakemake merges configs: lists are replaced."""
    result = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result
