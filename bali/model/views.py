"""The vectors of a step that objectives compare, each computed when first asked for, and once.

Two objectives that look at the mentions share one run of the language model over the sentences;
where none does (the control that trains on synonyms alone), no sentence is encoded.
"""

from __future__ import annotations

from functools import cached_property
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from bali.model.batch import (
    Batch,
    GraphInput,
    HierarchyInput,
    Links,
    SoftInput,
    SynonymInput,
    Texts,
)

Part = TypeVar("Part")


class Encoders(Protocol):
    """What the joint model offers: the ways from a step's inputs to vectors."""

    def encode_tokens(self, texts: Texts) -> tuple[Tensor, Tensor]:
        """Token vectors of texts, of the last layer and of the one pooled: (tokens, dim) each."""
        ...

    def encode_mentions(self, tokens: Tensor, batch: Batch) -> Tensor:
        """Mention vectors of the sentences' token vectors: (M, dim)."""
        ...

    def encode_names(self, texts: Texts) -> Tensor:
        """Name vectors: (names, dim)."""
        ...

    def encode_written(self, texts: Texts) -> Tensor:
        """Vectors of subgraphs' texts: (texts, dim)."""
        ...

    def encode_graph(self, views: Views) -> Tensor:
        """Graph vectors of the step's centres: (centres, dim)."""
        ...


class Views:
    """The views of one step.

    Attributes:
        batch: the step's inputs.
        encoded: texts that the language model has read so far.
    """

    def __init__(self, batch: Batch, encoders: Encoders) -> None:
        """Compute nothing yet."""
        self.batch = batch
        self.encoded: list[Texts] = []
        self._encoders = encoders

    def _read(self, texts: Texts) -> Texts:
        """Every text on its way to the language model passes here, to be counted."""
        self.encoded.append(texts)
        return texts

    @property
    def concept(self) -> Tensor:
        """Node id of each mention row: (M,), int64."""
        return self.batch.concept

    @property
    def graph_input(self) -> GraphInput:
        """The subgraphs and names of the step.

        Raises:
            ValueError: the step was made without them.
        """
        return _given(self.batch.graph, "names and a graph")

    @cached_property
    def layers(self) -> tuple[Tensor, Tensor]:
        """Token vectors of the masked sentences, without padding: (tokens, dim) of each layer.

        The last one and the one that vectors are pooled from; mostly these are the same.
        """
        return self._encoders.encode_tokens(self._read(self.batch.sentences))

    @property
    def hidden(self) -> Tensor:
        """Token vectors of the masked sentences' last layer: (tokens, dim)."""
        return self.layers[0]

    @cached_property
    def mention(self) -> Tensor:
        """e, one row a distinct concept of a sentence: (M, dim)."""
        return self._encoders.encode_mentions(self.layers[1], self.batch)

    @cached_property
    def name(self) -> Tensor:
        """x, one row a distinct node of the step: (names, dim)."""
        return self._encoders.encode_names(self._read(self.graph_input.names))

    @cached_property
    def centre_name(self) -> Tensor:
        """X of the centres: (centres, dim)."""
        graph = self.graph_input
        return self.name[graph.member[graph.centre]]

    @cached_property
    def written(self) -> Tensor:
        """Vectors of the subgraphs' texts, one row a centre: (centres, dim).

        Raises:
            ValueError: the step was made without them.
        """
        written = _given(self.graph_input.written, "texts of subgraphs")
        return self._encoders.encode_written(self._read(written))

    @cached_property
    def graph(self) -> Tensor:
        """g, one row a centre: (centres, dim)."""
        return self._encoders.encode_graph(self)

    @property
    def synonym_input(self) -> SynonymInput:
        """The step's concepts with two names each.

        Raises:
            ValueError: the step was made without them.
        """
        return _given(self.batch.synonyms, "synonyms")

    @property
    def hierarchy_input(self) -> HierarchyInput:
        """The step's concepts with their parents and siblings.

        Raises:
            ValueError: the step was made without them.
        """
        return _given(self.batch.hierarchy, "parents")

    @property
    def soft_input(self) -> SoftInput:
        """The step's spans with the names that they may mean.

        Raises:
            ValueError: the step was made without them.
        """
        return _given(self.batch.soft, "soft links")

    @property
    def links(self) -> Links:
        """The triples of the step.

        Raises:
            ValueError: the step was made without them.
        """
        return _given(self.batch.links, "triples")

    @cached_property
    def synonym(self) -> Tensor:
        """Vectors of the two names of each such concept, all first names first: (2P, dim)."""
        return self._encoders.encode_names(self._read(self.synonym_input.names))

    @cached_property
    def kind(self) -> Tensor:
        """Vectors of two names of concepts, of parents' and of siblings' names: (2P + C, dim)."""
        return self._encoders.encode_names(self._read(self.hierarchy_input.names))

    @cached_property
    def soft(self) -> Tensor:
        """Vectors of the spans, then of their names: (S + C, dim)."""
        return self._encoders.encode_names(self._read(self.soft_input.names))

    def nothing(self) -> Tensor:
        """A zero with a gradient, for an objective that finds nothing to look at: scalar."""
        return torch.zeros((), device=self.concept.device, requires_grad=True)


def _given(part: Part | None, what: str) -> Part:
    """An input that a step need not have.

    Raises:
        ValueError: it has none, and an objective asks for it.
    """
    if part is None:
        raise ValueError(f"an objective needs {what}, but the step was made without them")
    return part
