"""The training step as it is plainly written: the peer of bench_train_step.py.

The same weights and the same texts as ours, but each name is encoded as often as it occurs,
sentences and names are padded to the longest of the batch, the MLM head runs over all tokens, and
the contrastive loss is pytorch-metric-learning's.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from pytorch_metric_learning.losses import NTXentLoss
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from bali.model.aligner import Aligner
from bali.model.batch import Batch, Texts


@dataclass(frozen=True)
class PlainBatch:
    """One step's inputs, padded."""

    sentences: Tensor  # (sentences, longest)
    labels: Tensor  # (sentences, longest), -100 where nothing is predicted
    names: Tensor  # (occurrences, longest)
    edge_index: Tensor  # (2, edges) -> occurrences
    centre: Tensor  # (M,) -> occurrences
    token: Tensor  # (links,) -> cells of the flattened sentences
    group: Tensor  # (links,) -> mention rows
    concept: Tensor  # (M,)


def plain(batch: Batch) -> PlainBatch:
    """The same step without sharing: one subgraph a mention row, one name a member of it."""
    graph = batch.graph
    sentences, names = split(batch.sentences), split(graph.names)
    longest = int(batch.sentences.lengths.max())
    sentence, position = batch.sentences.owner, batch.sentences.rows.position.flatten()
    cell = sentence * longest + position[batch.sentences.rows.place]
    ends = torch.cat([graph.centre[1:], torch.tensor([len(graph.member)])])
    texts, edges, centres = [], [], []
    for row in graph.row_centre.tolist():
        first, end = int(graph.centre[row]), int(ends[row])
        inside = (graph.edge_index[1] >= first) & (graph.edge_index[1] < end)
        edges.append(graph.edge_index[:, inside] - first + len(texts))
        centres.append(len(texts))
        texts += [names[name] for name in graph.member[first:end].tolist()]
    return PlainBatch(
        sentences=pad_sequence(sentences, batch_first=True),
        labels=pad_sequence(
            batch.labels.split(batch.sentences.lengths.tolist()),
            batch_first=True,
            padding_value=-100,
        ),
        names=pad_sequence(texts, batch_first=True),
        edge_index=torch.cat(edges, dim=1),
        centre=torch.tensor(centres),
        token=cell[batch.token],
        group=batch.group,
        concept=batch.concept,
    )


def plain_loss(aligner: Aligner, batch: PlainBatch) -> Tensor:
    """w_mlm * mlm + w_align * align, as a scalar."""
    hidden = encode(aligner, batch.sentences)  # (sentences, longest, dim)
    logits = aligner.objectives["mlm"].head(hidden)  # (sentences, longest, vocabulary)
    mlm = F.cross_entropy(logits.float().flatten(0, 1), batch.labels.flatten(), ignore_index=-100)
    linked = hidden.flatten(0, 1)[batch.token].float()
    total = linked.new_zeros(len(batch.concept), hidden.shape[2]).index_add(0, batch.group, linked)
    mention = total / torch.bincount(batch.group)[:, None]
    tokens = encode(aligner, batch.names)
    mask = (batch.names != 0)[:, :, None]
    name = (tokens.float() * mask).sum(1) / mask.sum(1)
    relation = torch.zeros(batch.edge_index.shape[1], dtype=torch.int64)
    with torch.autocast("cpu", enabled=False):
        g = aligner.graph_encoder(name, batch.edge_index, relation, batch.centre)
        align = NTXentLoss(temperature=0.07)(torch.cat([mention, g]), batch.concept.repeat(2))
    return aligner.weights["mlm"] * mlm + aligner.weights["align"] * align


def encode(aligner: Aligner, ids: Tensor) -> Tensor:
    """Last layer, padding included."""
    output = aligner.lm(input_ids=ids, attention_mask=(ids != 0).long())
    return output.last_hidden_state


def split(texts: Texts) -> tuple[Tensor, ...]:
    """Token ids of each text."""
    return texts.ids.split(texts.lengths.tolist())
