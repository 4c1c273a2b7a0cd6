"""`bali train run`: training pairs + base language model -> one aligned model, for one seed."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from bali.errors import InputError
from bali.files import atomic_folder, require_replaceable, write_json
from bali.model.aligner import Aligner
from bali.model.export import export_graph_encoder, export_lm, export_sentence_transformer
from bali.model.graph_encoder import LINEAR
from bali.model.tokenizer import load_tokenizer
from bali.storage import map_ipc
from bali.train.build import build_aligner
from bali.train.checkpoints import Checkpoints
from bali.train.course import Course
from bali.train.data import TrainingData
from bali.train.hierarchy import Hierarchy
from bali.train.identity import identity
from bali.train.linear import Writer
from bali.train.loop import Trainer
from bali.train.mentioned import documents_of
from bali.train.names import Names
from bali.train.probe import Probe
from bali.train.progress import Progress
from bali.train.sentences import Vocabulary
from bali.train.settings import Settings
from bali.train.soft import SoftLinks
from bali.train.subgraphs import Subgraphs
from bali.train.synonyms import SynonymPairs
from bali.train.unused import unused

MARKER = "config.json"  # an existing --out that holds it is a model and may be replaced
logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the step."""
    parser.add_argument("--settings", required=True, help="the run's settings, JSON: config train")
    parser.add_argument("--run", dest="run_name", required=True, help="name of the run")
    parser.add_argument("--seed", type=int, required=True, help="of every random choice")
    parser.add_argument("--pairs", type=Path, required=True, help="train.arrow")
    parser.add_argument("--validation", type=Path, required=True, help="validation.arrow")
    parser.add_argument("--names", type=Path, required=True, help="node_names.arrow")
    parser.add_argument("--subgraphs", type=Path, required=True, help="subgraphs.parquet")
    parser.add_argument("--edge-types", type=Path, required=True, help="edge_types.parquet")
    parser.add_argument("--hierarchy", type=Path, required=True, help="hierarchy.parquet")
    parser.add_argument("--soft-links", type=Path, help="soft_links.arrow, where w_soft is above 0")
    parser.add_argument("--lm", type=Path, required=True, help="folder of the base model")
    parser.add_argument("--max-tokens", type=int, required=True, help="longest text, tokens")
    parser.add_argument("--threads", type=int, default=1, help="of torch; the bits depend on it")
    parser.add_argument("--out", type=Path, required=True, help="folder of the trained model")
    parser.add_argument("--history", type=Path, required=True, help="losses by step, JSON")
    parser.add_argument("--tensorboard", type=Path, required=True, help="folder of event files")
    group = parser.add_argument_group("of no influence on the result")
    group.add_argument("--workers", type=int, default=0, help="processes that make batches")
    group.add_argument("--checkpoints", type=Path, required=True, help="folder to go on from")
    group.add_argument("--checkpoint-minutes", type=float, default=10, help="between checkpoints")
    group.add_argument("--keep", type=int, default=2, help="newest checkpoints kept; the best too")
    group.add_argument("--keep-finished", type=int, default=0, help="1: also after the run's end")


def run(args: argparse.Namespace) -> None:
    """Train, then write the model's folder and, last, the history."""
    settings = Settings.from_json(args.settings)
    require_from("--workers", args.workers, 0)
    require_from("--checkpoint-minutes", args.checkpoint_minutes, 0)
    require_from("--keep", args.keep, 1)
    require_replaceable(args.out, MARKER)  # now, not after hours of training
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    set_determinism(args.seed, args.threads)
    checkpoints = Checkpoints(args.checkpoints, identity(args, settings, device), args.keep)
    tokenizer = load_tokenizer(args.lm)
    data, validation, probe = load_data(args, settings, tokenizer)
    aligner = build_aligner(args.lm, settings, data.relations)
    trainer = Trainer(aligner, data, settings, device)
    of_lm, rest = aligner.parameter_groups()
    parameters = {
        "lm": sum(p.numel() for p in of_lm),
        "rest": sum(p.numel() for p in rest),
        "fresh_mlm_head": aligner.fresh_head,
    }
    counts = {
        "sentences": data.sentences,
        "validation_sentences": validation.sentences if validation else 0,
        "probe": len(probe) if probe else 0,
        "steps": trainer.steps,
        "warmup": trainer.warmup,
    }
    logger.info("run %s, seed %d: %s, %s", args.run_name, args.seed, parameters, counts)
    logger.info("not read by this run: %s", ", ".join(unused(settings.as_dict())) or "nothing")
    seconds = 60 * args.checkpoint_minutes
    course = Course(trainer, validation, probe, checkpoints, args.workers, seconds)
    course.resume()
    with Progress(args.tensorboard, trainer.steps) as progress:
        history = course.finish(progress)
    exported = course.use_best() if settings.export == "best" else course.done
    export(aligner, settings, args)
    record: dict[str, Any] = {
        "run": args.run_name,
        "seed": args.seed,
        "settings": settings.as_dict(),
        "lm": args.lm.name,
        "threads": args.threads,
        "parameters": parameters,
        "counts": counts,
        "exported_step": exported,
        **history,
    }
    write_json(args.history, record)
    if not args.keep_finished:
        checkpoints.clear()


def require_from(flag: str, value: float, least: float) -> None:
    """Check a number.

    Raises:
        InputError: it is smaller than `least`.
    """
    if not value >= least:
        raise InputError(f"{flag}: {value} must be {least} or more")


def set_determinism(seed: int, threads: int) -> None:
    """Same seed and same threads, same bits: dropout, fresh weights, the order of sums."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True, warn_only=True)
    # it would also fill every new tensor with NaN, which costs time and changes no result
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]


def vocabulary_of(tokenizer: PreTrainedTokenizerFast, folder: Path) -> Vocabulary:
    """What masking needs of the tokeniser.

    Raises:
        InputError: it lacks the mask token.
    """
    if tokenizer.mask_token_id is None:
        raise InputError(f"{folder}: the tokeniser has no mask token; BERT's tokenisers have one")
    special = np.array(sorted(tokenizer.all_special_ids), np.int64)
    return Vocabulary(special, int(tokenizer.mask_token_id), len(tokenizer))


def load_data(
    args: argparse.Namespace, settings: Settings, tokenizer: PreTrainedTokenizerFast
) -> tuple[TrainingData, TrainingData | None, Probe | None]:
    """Training sentences, validation sentences and probe.

    Returns:
        None for the second if no document was set aside, and for the third if no name is asked
        for or no concept has two.
    """
    vocabulary = vocabulary_of(tokenizer, args.lm)
    shuffle = args.seed if settings.edges == "shuffled" else None
    subgraphs = Subgraphs(args.subgraphs, shuffle)
    all_names = Names(args.names, subgraphs.nodes)
    synonyms = None
    if settings.w_synonyms:
        synonyms = SynonymPairs(all_names, settings.synonym_pairs)
    hierarchy = None
    if settings.w_hierarchy:
        pairs, siblings = settings.hierarchy_pairs, settings.hierarchy_siblings
        prior = None
        if settings.mention_prior:
            documents = documents_of(map_ipc("pairs", args.pairs), subgraphs.nodes)
            prior = (settings.mention_prior * np.log1p(documents)).astype(np.float32)
        hierarchy = Hierarchy(args.hierarchy, all_names, pairs, siblings, shuffle, prior)
    soft = None
    if settings.w_soft:
        if args.soft_links is None:
            raise InputError("train.w_soft: above 0 needs --soft-links, the spans and their names")
        soft = SoftLinks(args.soft_links, all_names, settings.soft_spans, settings.soft_names)
    probe = Probe(all_names, settings.probe)

    writer = None
    if settings.encoder in LINEAR and settings.w_align:
        writer = Writer.of(
            args.edge_types,
            tokenizer,
            encoder=settings.encoder,
            max_tokens=settings.linear_tokens,
            relations=subgraphs.relations,
        )

    def load(pairs: Path) -> TrainingData:
        return TrainingData(
            pairs,
            vocabulary,
            names=all_names if settings.needs_names else None,
            subgraphs=subgraphs,
            use_graph=settings.needs_graph,
            mask_share=settings.mask_share,
            batch_size=settings.batch_size,
            seed=args.seed,
            mask_mentions=settings.mask_mentions,
            mask_names=settings.mask_names,
            siblings=settings.siblings,
            use_links=settings.w_link > 0,
            synonyms=synonyms,
            hierarchy=hierarchy,
            soft=soft,
            writer=writer,
            encode_names=settings.reads_names,
        )

    has_validation = map_ipc("pairs", args.validation).num_rows > 0
    validation = load(args.validation) if has_validation else None
    return load(args.pairs), validation, probe if len(probe) else None


def export(aligner: Aligner, settings: Settings, args: argparse.Namespace) -> None:
    """Write the model's folder, atomically."""
    aligner.cpu()
    with atomic_folder(args.out, MARKER) as part:
        export_lm(aligner.lm, args.lm, part)
        export_sentence_transformer(
            part,
            dim=aligner.lm.config.hidden_size,
            name_pooling=settings.name_pooling,
            max_tokens=args.max_tokens,
            hidden_layer=settings.hidden_layer,
        )
        if aligner.graph_encoder is not None:
            keys = ("encoder", "layers", "heads", "dropout", "residual")
            built = {key: settings.as_dict()[key] for key in keys}
            built["relations"] = getattr(aligner.graph_encoder, "relations", 0)
            export_graph_encoder(aligner.graph_encoder, built, part)
