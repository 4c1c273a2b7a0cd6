"""The joint model: language model, MLM head and graph encoder under one loss.

    L = w_mlm * L_mlm + w_align * L_align          (method.md section 3)

A step runs the language model once over its masked sentences and once over its distinct names,
with the same weights and gradients on both. Mention vectors are pooled from the *masked*
sentences, also where w_mlm is 0: masking is then a regulariser, and `mask_share: 0` turns it off.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PreTrainedModel

from bali.model.alignment import nt_xent, positive_pairs
from bali.model.batch import Batch, Texts
from bali.model.encoding import encode, find_convention
from bali.model.losses import Losses, Term
from bali.model.masking import IGNORED
from bali.model.pooling import pool_mentions, pool_texts


class Aligner(nn.Module):
    """Language model and graph encoder, trained together; only the first is needed afterwards.

    A loss with weight 0 costs nothing: without `w_mlm` no head is run, without `w_align` no name
    is encoded.
    """

    def __init__(
        self,
        lm: PreTrainedModel,
        head: nn.Module | None,
        graph_encoder: nn.Module | None,
        *,
        fresh_head: bool,
        name_pooling: str,
        w_mlm: float,
        w_align: float,
        temperature: float,
    ) -> None:
        """Join the parts.

        Args:
            lm: bare encoder; its pooler, if any, is not used and therefore frozen.
            head: MLM head, tied to `lm`; None where w_mlm is 0.
            graph_encoder: a `GraphEncoder`; None where w_align is 0.
            fresh_head: the head was not loaded, so it learns at the rate of all else.
            name_pooling: "mean" or "cls".
            w_mlm: weight of the MLM loss.
            w_align: weight of the contrastive loss.
            temperature: of the contrastive loss.
        """
        super().__init__()
        if (head is None) != (w_mlm == 0) or (graph_encoder is None) != (w_align == 0):
            raise ValueError("a loss and its module go together: both there, or neither")
        self.lm = lm
        self.convention = find_convention(lm)
        self.head = head
        self.graph_encoder = graph_encoder
        self.fresh_head = fresh_head
        self.name_pooling = name_pooling
        self.weights = {"mlm": w_mlm, "align": w_align}
        self.temperature = temperature
        pooler = getattr(lm, "pooler", None)
        if pooler is not None:
            pooler.requires_grad_(False)

    def parameter_groups(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """The parameters that learn at `lr_lm`, and those that learn at `lr_rest`.

        A head that the checkpoint brought belongs to the language model; of a fresh one all but
        the tied decoder, which is the language model's embedding, belongs to the rest.
        """
        modules = [self.lm] if self.fresh_head else [self.lm, self.head]
        of_lm = [p for module in modules if module is not None for p in module.parameters()]
        # the tied decoder occurs in the LM and in the head, but must be stepped once
        of_lm = [p for p in dict.fromkeys(of_lm) if p.requires_grad]
        known = set(of_lm)
        rest = [p for p in self.parameters() if p.requires_grad and p not in known]
        return of_lm, rest

    def forward(self, batch: Batch) -> Losses:
        """The losses of one step; see `Batch` for the inputs."""
        hidden = self.encode_tokens(batch.sentences)  # (tokens, dim)
        terms = {}
        if self.head is not None:
            masked = (batch.labels != IGNORED).sum()
            terms["mlm"] = Term(self.mlm_loss(hidden, batch.labels), masked)
        if self.graph_encoder is not None:
            pairs = torch.tensor(positive_pairs(batch.concept), device=hidden.device)
            terms["align"] = Term(self.alignment_loss(hidden, batch), pairs)
        return Losses.of(terms, self.weights)

    def mlm_loss(self, hidden: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy over the hidden tokens; 0 if there is none.

        Args:
            hidden: (tokens, dim).
            labels: (tokens,), int64; see `Batch`.
        """
        if self.head is None:
            raise ValueError("no MLM head: w_mlm is 0")
        chosen = labels != IGNORED
        # the vocabulary is by far the widest layer: only where there is something to predict
        logits = self.head(hidden[chosen])  # (masked, vocabulary)
        total = F.cross_entropy(logits.float(), labels[chosen], reduction="sum")
        return total / chosen.sum().clamp(min=1)

    def alignment_loss(self, hidden: Tensor, batch: Batch) -> Tensor:
        """NT-Xent between mentions and graph vectors; `hidden` (tokens, dim)."""
        graph = batch.graph
        if self.graph_encoder is None or graph is None:
            raise ValueError("no graph encoder or no graph, but w_align is not 0")
        if not len(batch.concept):
            return hidden.sum() * 0
        mention = pool_mentions(hidden, batch.token, batch.group, len(batch.concept))  # (M, dim)
        name = self.encode_names(graph.names)  # (names, dim)
        with torch.autocast(name.device.type, enabled=False):  # small, and sums over neighbours
            x = name[graph.member]  # (members, dim)
            g = self.graph_encoder(x, graph.edge_index, graph.relation, graph.centre)
        # a concept of several sentences is encoded once and stands in the loss once a sentence
        return nt_xent(mention, g[graph.row_centre], batch.concept, self.temperature)

    def encode_tokens(self, texts: Texts) -> Tensor:
        """Last-layer vectors of all tokens, without padding: (tokens, dim)."""
        return encode(self.lm, texts, self.convention)

    def encode_names(self, texts: Texts) -> Tensor:
        """Pooled vectors of names: (names, dim), float32."""
        hidden = self.encode_tokens(texts)  # (tokens, dim)
        return pool_texts(hidden, texts.first, texts.owner, self.name_pooling)
