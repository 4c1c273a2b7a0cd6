"""`bali train estimate`: what a run will cost on a device, before anyone queues a job."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import BertConfig, PretrainedConfig

from bali.config import SCHEMA, mistakes, read_files
from bali.errors import InputError
from bali.model.graph_encoder import LINEAR
from bali.model.lm import load_config
from bali.train.cost import Reading, Shape, Step, forward_flops, memory, seconds, step_flops
from bali.train.devices import DEVICES
from bali.train.runs import mistakes_of_runs
from bali.train.settings import Settings
from bali.train.sizes import shape_of

# width, layers, heads, feed-forward width of models that need not be there to be estimated
SIZES = {
    "bert-base": (768, 12, 12, 3_072),
    "bert-large": (1_024, 24, 16, 4_096),
    "minilm-l6": (384, 6, 12, 1_536),
}
PADDING = 0.05  # most of the cells that packing leaves empty
PHRASE = 3  # tokens of a relation's phrase
OF_MENTIONS = 0.1  # share of a sentence's tokens that belong to mentions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the tool."""
    parser.add_argument(
        "--config", type=Path, action="append", required=True, help="later ones override"
    )
    parser.add_argument("--run", dest="run_name", help="a run of the config (default: train)")
    parser.add_argument("--device", choices=sorted(DEVICES), default="a100-40gb")
    parser.add_argument(
        "--lm", default="bert-base", help=f"a folder with config.json, or {', '.join(SIZES)}"
    )
    parser.add_argument(
        "--utilisation", type=float, default=0.35, help="share of the peak that is reached"
    )
    group = parser.add_argument_group("the data, where their means are known")
    group.add_argument("--sentences", type=int, help="default: pairs.max_sentences")
    group.add_argument("--sentence-tokens", type=float, default=40, help="special ones included")
    group.add_argument("--name-tokens", type=float, default=9, help="special ones included")
    group.add_argument("--mentions", type=float, default=1.75, help="concepts a sentence")
    group.add_argument(
        "--concepts", type=float, default=0.9, help="share of a step's mentions not repeated"
    )
    group.add_argument(
        "--distinct", type=float, default=0.6, help="share of the names of subgraphs not repeated"
    )
    group.add_argument("--relations", type=int, default=1_000, help="relation ids of the graph")


def run(args: argparse.Namespace) -> None:
    """Print the estimate."""
    config = read_files(args.config)
    settings = settings_of(config, args.run_name)
    for name in ("utilisation", "concepts", "distinct"):
        if not 0 < getattr(args, name) <= 1:
            raise InputError(f"--{name}: {getattr(args, name)} must be above 0 and at most 1")
    for name in ("sentence_tokens", "name_tokens", "mentions"):
        if not 0 < getattr(args, name) < math.inf:
            raise InputError(f"--{name.replace('_', '-')}: {getattr(args, name)} must be above 0")
    if args.relations < 1:
        raise InputError(f"--relations: {args.relations} must be 1 or more")
    sentences = args.sentences or config.get("pairs", {}).get("max_sentences")
    if not sentences or sentences < 1:
        raise InputError("--sentences: the config sets no pairs.max_sentences; state their number")
    shape = shape_of(config_of(args.lm), settings, args.relations)
    step = expected_step(args, settings, config["graph"]["fan_out"])
    sys.stdout.write("\n".join(report(args, settings, shape, step, sentences)) + "\n")


def expected_step(args: argparse.Namespace, settings: Settings, fan_out: list[int]) -> Step:
    """Mean numbers of a step, from what is stated of the data.

    A node is taken to have as many neighbours as `fan_out` asks for: where many have fewer, a step
    costs less. So it does where draws of hard negatives meet.
    """
    mentions = settings.batch_size * args.mentions
    concepts = mentions * args.concepts if settings.needs_names else 0.0
    siblings = concepts * settings.siblings
    centres = concepts + siblings
    around = sum(math.prod(fan_out[: hop + 1]) for hop in range(len(fan_out)))
    edges = centres * around if settings.needs_graph else 0.0
    members = centres + edges
    names = members * args.distinct if settings.needs_graph else centres
    readings = []
    if settings.reads_sentences:
        readings.append(reading(settings.batch_size, args.sentence_tokens))
    if settings.reads_names:
        readings.append(reading(names, args.name_tokens))
    if settings.w_align and settings.encoder in LINEAR:
        separators = 1 if settings.encoder == "linear-v1" else 3
        opening = args.name_tokens if settings.encoder == "linear-v1" else 1
        entry = 2 * max(args.name_tokens - 2, 0) + PHRASE + separators
        readings.append(reading(centres, min(settings.linear_tokens, opening + entry * around)))
    if settings.w_synonyms:
        readings.append(reading(2 * settings.synonym_pairs, args.name_tokens))
    family = 1 + settings.hierarchy_siblings
    families = max(1, settings.hierarchy_pairs // family) if settings.w_hierarchy else 0
    kinds = families * family
    candidates = kinds + families  # other names and parents
    if kinds:
        readings.append(reading(kinds + candidates, args.name_tokens))
    spans = settings.soft_spans if settings.w_soft else 0
    meant = spans * settings.soft_names
    if spans:
        readings.append(reading(spans + meant, args.name_tokens))
    masked = 1 - (1 - settings.mask_share) * (1 - settings.mask_mentions * OF_MENTIONS)
    return Step(
        readings=tuple(readings),
        hidden=settings.batch_size * args.sentence_tokens * masked if settings.w_mlm else 0,
        mentions=mentions,
        centres=centres,
        siblings=siblings,
        members=members,
        edges=edges,
        names=names if settings.reads_names else 0,
        synonyms=settings.synonym_pairs if settings.w_synonyms else 0,
        kinds=kinds,
        candidates=candidates,
        spans=spans,
        meant=meant,
        triples=mentions * fan_out[0] if settings.w_link else 0,
    )


def reading(texts: float, tokens: float) -> Reading:
    """Texts of a mean length; a row holds twice as much, as packing mostly chooses."""
    return Reading(tokens=texts * tokens, cells=texts * tokens / (1 - PADDING), row=2 * tokens)


def report(
    args: argparse.Namespace, settings: Settings, shape: Shape, step: Step, sentences: int
) -> list[str]:
    """The lines that are printed."""
    device = DEVICES[args.device]
    peak = device.bf16 if settings.precision == "bf16" else device.fp32
    steps = settings.epochs * -(-sentences // settings.batch_size)
    each = seconds(
        shape,
        settings,
        step,
        peak=peak,
        bandwidth=device.bandwidth,
        utilisation=args.utilisation,
    )
    needed, operations = memory(shape, settings, step), step_flops(shape, settings, step)
    parts = forward_flops(shape, settings, step)
    whole = sum(parts.values())
    shares = ", ".join(f"{name} {part / whole:.0%}" for name, part in parts.items() if part)
    fits = "fits" if needed < device.memory else "DOES NOT FIT: take a smaller train.batch_size"
    return [
        f"language model    {args.lm}; --lm says another",
        f"parameters        {shape.trained / 1e6:.1f} M trained, {shape.frozen / 1e6:.1f} M frozen",
        f"steps             {steps:,} of {settings.batch_size} sentences, {settings.epochs} epochs",
        f"tokens a step     {step.tokens:,.0f} real, {step.cells:,.0f} with padding",
        f"FLOPs a step      {operations / 1e12:.2f} T ({shares})",
        f"FLOPs of the run  {steps * operations:.2e}",
        f"memory            {needed / 1e9:.1f} GB of {device.memory / 1e9:.0f} GB: {fits}",
        f"time              {each:.3f} s a step, {steps * each / 3600:.1f} h on one {args.device} "
        f"at {args.utilisation:.0%} of {peak / 1e12:.0f} TFLOP/s",
        "It rests on the means of the data and the utilisation stated; --help names the flags.",
    ]


def settings_of(config: Mapping[str, Any], run_name: str | None) -> Settings:
    """The settings of a run, or those that all runs share.

    Raises:
        InputError: the config lacks a section or the run, breaks the schema, or has a mistake in
            the run, as `bali.train.runs` names them.
    """
    for section in ("train", "graph"):
        if not isinstance(config.get(section), dict):
            raise InputError(f"--config: no section {section}; name config.yaml first")
    for mistake in mistakes(config, SCHEMA):
        raise InputError(f"--{mistake}")
    runs = config["runs"]
    if run_name is not None and run_name not in runs:
        raise InputError(f"--run: {run_name!r} is none of {', '.join(runs)}")
    own = runs[run_name] if run_name else {}
    settings = Settings.from_json(json.dumps({**config["train"], **own}))
    for mistake in mistakes_of_runs(config, [run_name]) if run_name else ():
        raise InputError(mistake)
    return settings


def config_of(lm: str) -> PretrainedConfig:
    """The config of a model in SIZES, or of the one in a folder.

    Raises:
        InputError: it is neither.
    """
    if lm not in SIZES:
        return load_config(Path(lm))
    dim, layers, heads, inner = SIZES[lm]
    return BertConfig(
        hidden_size=dim,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=inner,
    )
