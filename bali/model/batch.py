"""What one training step holds: the sentences, the names and how mentions and graph refer to them.

Texts are kept one after another, without padding; the language model sees them packed into rows.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor

from bali.model.masking import IGNORED
from bali.model.packing import Rows, pack

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Part = TypeVar("Part", bound="DataclassInstance")
Move = Callable[[Tensor], Tensor]


class Texts:
    """Token ids of texts, one text after another, and how they are packed for the model.

    Attributes:
        ids: (tokens,), int64.
        lengths: (texts,), int64, on the CPU.
        first: (texts,), int64 -> tokens: the first token of each text.
        rows: the packed layout.
    """

    def __init__(self, ids: Tensor, lengths: Tensor) -> None:
        """Pack the texts: in a worker's time, if a worker makes the batch."""
        self.ids = ids
        self.lengths = lengths
        self.first = lengths.cumsum(0) - lengths
        self.rows: Rows = pack(lengths.numpy())

    def __len__(self) -> int:
        """Number of texts."""
        return len(self.lengths)

    @property
    def owner(self) -> Tensor:
        """The number of each token's text: (tokens,), int64."""
        return self.rows.text.flatten()[self.rows.place]

    @property
    def cells(self) -> int:
        """Tokens and padding that the language model computes."""
        return self.rows.token.numel()

    def moved(self, move: Move) -> Texts:
        """The same texts elsewhere; the lengths stay where they are."""
        result = copy(self)
        result.ids, result.first = move(self.ids), move(self.first)
        result.rows = moved(self.rows, move)
        return result

    def to(self, device: torch.device) -> Texts:
        """The same texts on another device."""
        return self.moved(lambda tensor: tensor.to(device))


@dataclass(frozen=True)
class GraphInput:
    """The subgraphs of a step's distinct concepts, and the names of their nodes."""

    names: Texts  # one text a distinct node of the step; none where no objective reads names
    member: Tensor  # (members,) -> names: the nodes of all subgraphs, a disjoint union
    edge_index: Tensor  # (2, edges) -> members: source above target
    relation: Tensor  # (edges,): id of what each edge says
    centre: Tensor  # (centres,) -> members: one a distinct concept of the step, then the siblings
    row_centre: Tensor  # (M,) -> centres: the centre of each mention row's concept
    sibling: Tensor  # (K,) -> centres: concepts that no row is about, as hard negatives
    written: Texts | None = None  # one text a centre: its subgraph, where the encoder is linear


@dataclass(frozen=True)
class SynonymInput:
    """Concepts of the graph, drawn apart from the sentences, with two names each."""

    names: Texts  # 2P texts: one name of each concept, then another of each
    concept: Tensor  # (P,): node ids, distinct


@dataclass(frozen=True)
class HierarchyInput:
    """Concepts of the graph with two names each, in families, and names of their parents.

    Candidates are the other names of the concepts and the names of parents that are none of them.
    """

    names: Texts  # P texts of the concepts, P other names of them, Q of parents
    parent: Tensor  # (P,) -> candidates: a name of the concept's parent
    other: Tensor  # (P, P + Q), bool: the candidate is not of the concept, which has two names
    unrelated: Tensor  # (P, P + Q), bool: the candidate is of none above or below it, nor of it
    prior: Tensor  # (P + Q,), float32, nats: how often text mentions the candidate's concept


@dataclass(frozen=True)
class SoftInput:
    """Spans of text with names that they may mean."""

    names: Texts  # S spans, then C distinct names
    logit: Tensor  # (S, C), float32: of the names, HIDDEN where it is not one of the span's


@dataclass(frozen=True)
class Links:
    """Triples: an edge into a concept's centre, once for each mention row of the concept."""

    head: Tensor  # (triples,) -> names of the `GraphInput`: the neighbour's
    relation: Tensor  # (triples,): id of what the edge says
    row: Tensor  # (triples,) -> mention rows


@dataclass(frozen=True)
class Batch:
    """One step's inputs. Indices are int64 and refer to rows of the tensor that is named."""

    sentences: Texts  # masked
    labels: Tensor  # (tokens of the sentences,): true id of a hidden token, IGNORED elsewhere
    token: Tensor  # (links,) -> tokens of the sentences: those that belong to mentions
    group: Tensor  # (links,) -> mention rows; one row a distinct concept of a sentence
    concept: Tensor  # (M,): node id of each mention row
    graph: GraphInput | None  # None where nothing is aligned
    synonyms: SynonymInput | None = None
    hierarchy: HierarchyInput | None = None
    soft: SoftInput | None = None
    links: Links | None = None
    masked: Tensor | None = None  # see `masked_tokens`

    def masked_tokens(self) -> Tensor:
        """Where there is something to predict: (masked,), int64 -> tokens of the sentences.

        `to` finds them before it moves the batch: on a device, how many there are would be waited
        for.
        """
        return (self.labels != IGNORED).nonzero()[:, 0] if self.masked is None else self.masked

    def to(self, device: torch.device) -> Batch:
        """The same inputs on another device; from pinned memory, without waiting for it."""
        whole = replace(self, masked=self.masked_tokens())
        return moved(whole, lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> Batch:
        """The same inputs in memory that a GPU copies from by itself; DataLoader calls this."""
        return moved(replace(self, masked=self.masked_tokens()), Tensor.pin_memory)


def moved(value: Part, move: Move) -> Part:
    """A copy of a dataclass of tensors, texts and such dataclasses, each tensor moved."""
    parts: dict[str, Any] = {}
    for field in fields(value):
        part = getattr(value, field.name)
        if isinstance(part, Tensor):
            parts[field.name] = move(part)
        elif isinstance(part, Texts):
            parts[field.name] = part.moved(move)
        elif part is not None:
            parts[field.name] = moved(part, move)
    return replace(value, **parts)
