"""The sizes of a run's model from a config.json alone: it is built without memory, and counted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from transformers import (
    MODEL_FOR_MASKED_LM_MAPPING,
    AutoModel,
    AutoModelForMaskedLM,
    PretrainedConfig,
)

from bali.model.mention_pooling import MentionPooling
from bali.model.mlm_head import FreshHead
from bali.model.objectives.link import SCORES
from bali.model.projection import build_projection
from bali.train.build import graph_encoder_of
from bali.train.cost import Shape
from bali.train.settings import Settings


def shape_of(config: PretrainedConfig, settings: Settings, relations: int) -> Shape:
    """Sizes of the model that `bali.train.build.build_aligner` would build.

    Args:
        config: of the language model.
        settings: of the run.
        relations: relation ids of the graph.
    """
    with torch.device("meta"):  # shapes without numbers
        masked = type(config) in MODEL_FOR_MASKED_LM_MAPPING
        kind: Any = AutoModelForMaskedLM if masked else AutoModel
        whole = kind.from_config(config)
        lm = whole.base_model
        lm.pooler = None
        embedding = lm.get_input_embeddings().weight
        parts: list[nn.Module] = [lm]
        if settings.w_mlm:
            parts.append(whole if masked else FreshHead(config.hidden_size, embedding))
        parts += added(config.hidden_size, settings, relations)
    parameters = {p: p.requires_grad for part in parts for p in part.parameters()}
    temperatures = len(settings.weights.keys() - {"mlm"}) if settings.temperature_learnt else 0
    return Shape(
        dim=config.hidden_size,
        layers=config.num_hidden_layers,
        matrices=sum(m.weight.numel() for m in lm.modules() if isinstance(m, nn.Linear)),
        embedding=embedding.shape[1],
        vocabulary=embedding.shape[0],
        trained=count(p for p, learns in parameters.items() if learns) + temperatures,
        frozen=count(p for p, learns in parameters.items() if not learns),
    )


def added(dim: int, settings: Settings, relations: int) -> list[nn.Module]:
    """What a run has beside the language model and its MLM head."""
    parts: list[nn.Module] = [MentionPooling(settings.mention_pooling, dim)]
    graph_encoder = graph_encoder_of(dim, settings, relations)
    if graph_encoder is not None:
        parts.append(graph_encoder)
    contrasts = (settings.w_align > 0) + (settings.w_own_name > 0)
    parts += [
        build_projection(settings.projection, dim, settings.projection_dim)
        for _ in range(2 * contrasts)
    ]
    if settings.w_link:
        parts.append(SCORES[settings.link_score](relations, dim))
    return parts


def count(parameters: Iterable[nn.Parameter]) -> int:
    """Numbers that they hold."""
    return sum(parameter.numel() for parameter in parameters)
