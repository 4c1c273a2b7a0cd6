"""The joint model: a language model and a graph encoder under the objectives of a run.

    L = sum over objectives of w * L_objective, as in w_mlm * L_mlm + w_align * L_align
                                                                     (method.md section 3)

A step runs the language model once over its masked sentences and once over its distinct names,
with the same weights and gradients on both. Mention vectors are pooled from the *masked*
sentences, also where w_mlm is 0: masking is then a regulariser, and `mask_share: 0` turns it off.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from bali.errors import InputError
from bali.model.batch import Batch, Texts
from bali.model.encoding import encode_layers, find_convention
from bali.model.losses import Losses
from bali.model.mention_pooling import MentionPooling
from bali.model.objectives.base import Objective
from bali.model.objectives.masked_tokens import MaskedTokens
from bali.model.pooling import pool_texts
from bali.model.views import Views


class Aligner(nn.Module):
    """Language model and graph encoder, trained together; only the first is needed afterwards.

    An objective with weight 0 is not there and costs nothing: `Views` computes what is asked for.
    """

    def __init__(
        self,
        lm: PreTrainedModel,
        graph_encoder: nn.Module | None,
        objectives: Mapping[str, Objective],
        weights: Mapping[str, float],
        *,
        name_pooling: str,
        mention_pooling: str = "mean",
        hidden_layer: int = -1,
    ) -> None:
        """Join the parts.

        Args:
            lm: bare encoder; its pooler, if any, is not used and therefore frozen.
            graph_encoder: a `GraphEncoder`; None where no objective looks at graph vectors.
            objectives: by name; at least one.
            weights: objective -> its weight, above 0.
            name_pooling: "mean" or "cls".
            mention_pooling: one of MENTION_POOLINGS.
            hidden_layer: whose vectors mentions and names are pooled from, as transformers counts:
                0 is the embeddings, -1 the last. The MLM loss is the last layer's always.

        Raises:
            ValueError: an objective without a weight above 0, or a weight without objective.
            InputError: the language model has no such layer.
        """
        super().__init__()
        if not objectives or objectives.keys() != weights.keys() or min(weights.values()) <= 0:
            raise ValueError(
                f"objectives {sorted(objectives)} and weights {dict(weights)} must go together, "
                "each weight above 0"
            )
        self.lm = lm
        self.convention = find_convention(lm)
        self.graph_encoder = graph_encoder
        self.objectives = nn.ModuleDict(objectives)
        self.weights = dict(weights)
        self.name_pooling = name_pooling
        self.pool_mentions = MentionPooling(mention_pooling, lm.config.hidden_size)
        layers = lm.config.num_hidden_layers
        if not -1 <= hidden_layer <= layers:
            raise InputError(
                f"train.hidden_layer: {hidden_layer}, but the language model has {layers} layers; "
                "0 is its embeddings, -1 its last layer"
            )
        self.hidden_layer = hidden_layer
        pooler = getattr(lm, "pooler", None)
        if pooler is not None:
            pooler.requires_grad_(False)

    @property
    def fresh_head(self) -> bool:
        """There is an MLM head, and it was not loaded."""
        return any(isinstance(o, MaskedTokens) and o.fresh for o in self.objectives.values())

    def parameter_groups(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """The parameters that learn at `lr_lm`, and those that learn at `lr_rest`.

        The language model's, and what objectives count to it; of a fresh MLM head all but the tied
        decoder, which is the language model's embedding, belongs to the rest.
        """
        of_lm = list(self.lm.parameters())
        for objective in self.objectives.values():
            if isinstance(objective, Objective):
                of_lm += objective.parameters_of_lm()
        # the tied decoder occurs in the LM and in the head, but must be stepped once
        of_lm = [p for p in dict.fromkeys(of_lm) if p.requires_grad]
        known = set(of_lm)
        rest = [p for p in self.parameters() if p.requires_grad and p not in known]
        return of_lm, rest

    def forward(self, batch: Batch) -> Losses:
        """The losses of one step; see `Batch` for the inputs."""
        views = Views(batch, self)
        terms = {name: objective(views) for name, objective in self.objectives.items()}
        return Losses.of(
            terms,
            self.weights,
            tokens=sum(len(texts.ids) for texts in views.encoded),
            cells=sum(self.convention.cells(texts) for texts in views.encoded),
        )

    def encode_mentions(self, tokens: Tensor, batch: Batch) -> Tensor:
        """Mention vectors, (M, dim), of the sentences' token vectors, (tokens, dim)."""
        first = batch.sentences.first[batch.sentences.owner]  # (tokens,), of each one's sentence
        e: Tensor = self.pool_mentions(tokens, batch.token, batch.group, len(batch.concept), first)
        return e

    def encode_graph(self, views: Views) -> Tensor:
        """Graph vectors of a step's centres: (centres, dim).

        Raises:
            ValueError: there is no graph encoder.
        """
        if self.graph_encoder is None:
            raise ValueError("an objective needs graph vectors, but there is no graph encoder")
        graph, centre = views.graph_input, views.graph_input.centre
        if graph.written is not None:  # the subgraphs as texts, one a centre
            x = views.written  # (centres, dim)
            centre = torch.arange(len(x), device=x.device)
        else:
            x = views.name[graph.member]  # (members, dim)
        with torch.autocast(x.device.type, enabled=False):  # small, and sums over neighbours
            g: Tensor = self.graph_encoder(x, graph.edge_index, graph.relation, centre)
        return g

    def encode_tokens(self, texts: Texts) -> tuple[Tensor, Tensor]:
        """Vectors of all tokens, without padding: (tokens, dim) of each of two layers.

        The last one, which the MLM head reads, and `hidden_layer`, which vectors are pooled from.
        """
        return encode_layers(self.lm, texts, self.convention, self.hidden_layer)

    def encode_names(self, texts: Texts) -> Tensor:
        """Pooled vectors of names: (names, dim), float32."""
        return self._pool(texts, self.name_pooling)

    def encode_written(self, texts: Texts) -> Tensor:
        """[CLS] vectors of subgraphs' texts: (texts, dim), float32."""
        return self._pool(texts, "cls")

    def _pool(self, texts: Texts, pooling: str) -> Tensor:
        _, tokens = self.encode_tokens(texts)  # (tokens, dim)
        return pool_texts(tokens, texts.first, texts.owner, pooling)
