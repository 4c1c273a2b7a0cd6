"""From a run's settings and a base model's folder to the joint model."""

from __future__ import annotations

from pathlib import Path

from torch import nn
from transformers import PreTrainedModel

from bali.errors import InputError
from bali.model.aligner import Aligner
from bali.model.graph_encoder import LINEAR, build_graph_encoder
from bali.model.lm import load_lm
from bali.model.mlm_head import load_mlm_head
from bali.model.objectives.alignment import Alignment, OwnName
from bali.model.objectives.base import Objective
from bali.model.objectives.hierarchy import Hierarchy
from bali.model.objectives.link import SCORES, LinkPrediction
from bali.model.objectives.masked_tokens import MaskedTokens
from bali.model.objectives.soft import Soft
from bali.model.objectives.synonyms import Synonyms
from bali.model.objectives.temperature import Temperature
from bali.model.projection import build_projection
from bali.train.settings import Settings


def build_aligner(folder: Path, settings: Settings, relations: int = 0) -> Aligner:
    """Load the base model and add what the settings ask for.

    Args:
        folder: of the base model.
        settings: of the run.
        relations: relation ids of the graph.

    Raises:
        InputError: the folder is incomplete, or the settings do not suit the model.
    """
    lm = load_lm(folder)
    if settings.w_align:
        longest = getattr(lm.config, "max_position_embeddings", settings.linear_tokens)
        if settings.encoder in LINEAR and settings.linear_tokens > longest:
            raise InputError(
                f"train.linear_tokens: {settings.linear_tokens}, but the language model has "
                f"{longest} positions; choose no more"
            )
    return Aligner(
        lm,
        graph_encoder_of(lm.config.hidden_size, settings, relations),
        build_objectives(folder, lm, settings, relations),
        settings.weights,
        name_pooling=settings.name_pooling,
        mention_pooling=settings.mention_pooling,
        hidden_layer=settings.hidden_layer,
    )


def graph_encoder_of(dim: int, settings: Settings, relations: int) -> nn.Module | None:
    """The graph encoder of a run; None where nothing is aligned with graph vectors.

    Args:
        dim: width of the language model.
        settings: of the run.
        relations: relation ids of the graph.
    """
    if not settings.w_align:
        return None
    return build_graph_encoder(
        settings.encoder,
        dim,
        layers=settings.layers,
        heads=settings.heads,
        dropout=settings.dropout,
        residual=settings.residual,
        relations=relations if settings.relations == "embedding" else 0,
        frozen=settings.freeze_graph,
    )


def build_objectives(
    folder: Path, lm: PreTrainedModel, settings: Settings, relations: int
) -> dict[str, Objective]:
    """The objectives that have a weight, by name; see `build_aligner`."""
    by_concept = settings.align_mean == "concepts"

    def temperature() -> Temperature:
        """Each objective has its own: they may learn different ones."""
        return Temperature(settings.temperature, settings.temperature_learnt)

    def heads() -> tuple[nn.Module, nn.Module]:
        left, right = (
            build_projection(settings.projection, lm.config.hidden_size, settings.projection_dim)
            for _ in range(2)
        )
        return left, right

    objectives: dict[str, Objective] = {}
    if settings.w_mlm:
        objectives["mlm"] = MaskedTokens(*load_mlm_head(folder, lm))
    if settings.w_align:
        objectives["align"] = Alignment(settings.align_loss, temperature(), by_concept, heads())
    if settings.w_own_name:
        objectives["own_name"] = OwnName(settings.align_loss, temperature(), by_concept, heads())
    if settings.w_synonyms:
        objectives["synonyms"] = Synonyms(
            settings.synonyms_loss, temperature(), settings.synonyms_mining
        )
    if settings.w_hierarchy:
        objectives["hierarchy"] = Hierarchy(temperature(), settings.hierarchy_parent)
    if settings.w_soft:
        objectives["soft"] = Soft(temperature())
    if settings.w_link:
        dim = lm.config.hidden_size
        if settings.link_score == "rotate" and dim % 2:
            raise InputError(
                f"train.link_score: rotate needs an even width, and the language model's is {dim}; "
                "choose transe or distmult"
            )
        score = SCORES[settings.link_score](relations, dim)
        objectives["link"] = LinkPrediction(score, temperature())
    return objectives
