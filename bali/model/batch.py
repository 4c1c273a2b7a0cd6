"""What one training step holds: the sentences, the names and how mentions and graph refer to them.

Texts are kept one after another without padding, shortest first; padding appears only inside the
language model, a chunk of similar lengths at a time. That is what makes the names of a step cheap
(method.md section 5, defect 11).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

# A chunk grows while its padding stays below this share of its tokens, and up to this many texts
# whatever the padding: smaller chunks win nothing.
MAX_PADDING = 0.1
MIN_TEXTS = 16


@dataclass(frozen=True)
class Texts:
    """Token ids of texts, one text after another, shortest first."""

    ids: Tensor  # (tokens,), int64
    lengths: Tensor  # (texts,), int64, on the CPU; ascending

    def to(self, device: torch.device) -> Texts:
        """The same texts on another device; the lengths stay on the CPU."""
        return Texts(self.ids.to(device), self.lengths)

    def chunks(self) -> Iterator[tuple[slice, Tensor]]:
        """Cut into chunks of similar length, in order.

        Yields:
            Which tokens are in the chunk, and its mask: (texts, longest), bool, true at tokens and
            false at padding.
        """
        lengths: list[int] = self.lengths.tolist()
        token = text = 0
        for count in chunk_sizes(lengths):
            size = lengths[text : text + count]
            mask = torch.arange(size[-1])[None, :] < self.lengths[text : text + count, None]
            yield slice(token, token + sum(size)), mask.to(self.ids.device)
            token, text = token + sum(size), text + count


def chunk_sizes(lengths: list[int]) -> list[int]:
    """How many texts each chunk takes; `lengths` in tokens, ascending."""
    sizes: list[int] = []
    count = tokens = 0
    for length in lengths:
        padding = (count + 1) * length - (tokens + length)
        if count >= MIN_TEXTS and padding > MAX_PADDING * (tokens + length):
            sizes.append(count)
            count = tokens = 0
        count, tokens = count + 1, tokens + length
    return [*sizes, count] if count else sizes


@dataclass(frozen=True)
class GraphInput:
    """The subgraphs of a step's distinct concepts, and the names of their nodes."""

    names: Texts  # one text a distinct node of the step
    member: Tensor  # (members,) -> names: the nodes of all subgraphs, a disjoint union
    edge_index: Tensor  # (2, edges) -> members: source above target
    centre: Tensor  # (centres,) -> members: one centre a distinct concept of the step
    row_centre: Tensor  # (M,) -> centres: the centre of each mention row's concept

    def to(self, device: torch.device) -> GraphInput:
        """The same inputs on another device."""
        return GraphInput(
            names=self.names.to(device),
            member=self.member.to(device),
            edge_index=self.edge_index.to(device),
            centre=self.centre.to(device),
            row_centre=self.row_centre.to(device),
        )


@dataclass(frozen=True)
class Batch:
    """One step's inputs. Indices are int64 and refer to rows of the tensor that is named."""

    sentences: Texts  # masked
    labels: Tensor  # (tokens of the sentences,): true id of a hidden token, IGNORED elsewhere
    token: Tensor  # (links,) -> tokens of the sentences: those that belong to mentions
    group: Tensor  # (links,) -> mention rows; one row a distinct concept of a sentence
    concept: Tensor  # (M,): node id of each mention row
    graph: GraphInput | None  # None where nothing is aligned

    def to(self, device: torch.device) -> Batch:
        """The same inputs on another device."""
        return Batch(
            sentences=self.sentences.to(device),
            labels=self.labels.to(device),
            token=self.token.to(device),
            group=self.group.to(device),
            concept=self.concept.to(device),
            graph=None if self.graph is None else self.graph.to(device),
        )
