"""Training pairs, names and subgraphs on disk -> the batch of a step.

Every random choice is a function of the run's seed, the epoch and what it is about: the order of
the sentences, the masked tokens, the subgraph of a concept, the name of a node. The number of
workers or ranks can therefore change nothing. Epochs of training count from 1; epoch 0 stands for
the validation, whose choices are thus the same each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from bali.errors import InputError
from bali.hashing import below, mix
from bali.model.batch import Batch, GraphInput, Texts
from bali.model.masking import mask_tokens
from bali.storage import map_ipc, read_table

Ints = NDArray[np.int64]

_ORDER, _SUBGRAPH, _NAME = 11, 12, 13  # keys that part the random choices; masking has its own


class Ragged:
    """A list column, mapped: rows are fetched without reading the others."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        """Take the buffers of the column's chunks; nothing is copied."""
        self._parts: list[tuple[NDArray[np.int32], NDArray[np.int32]]] = [
            (part.offsets.to_numpy(), part.values.to_numpy(zero_copy_only=True))
            for part in column.chunks
        ]
        self._first = np.cumsum([0, *(len(part) for part in column.chunks)])

    def rows(self, rows: Ints) -> list[Ints]:
        """The lists of some rows, in the order asked for."""
        parts = np.searchsorted(self._first, rows, side="right") - 1
        local = rows - self._first[parts]
        return [self._row(part, row) for part, row in zip(parts, local, strict=True)]

    def _row(self, part: int, row: int) -> Ints:
        offsets, values = self._parts[part]
        return values[offsets[row] : offsets[row + 1]].astype(np.int64)


@dataclass(frozen=True)
class Vocabulary:
    """What masking needs to know of the tokeniser."""

    special: Ints  # ids that are never masked
    mask_id: int
    size: int


class Names:
    """Tokenised names of the nodes; one is drawn a node and step."""

    def __init__(self, path: Path, nodes: int) -> None:
        """Map node_names.arrow.

        Raises:
            InputError: a node from 0 to `nodes` - 1 has no name.
        """
        rows = map_ipc("node_names", path)
        self._ids = Ragged(rows["input_ids"])
        owner = rows["node"].to_numpy()
        self._first = np.searchsorted(owner, np.arange(nodes + 1))  # sorted by node
        self._number = np.diff(self._first)
        if not self._number.all():
            raise InputError(
                f"{path}: node {int(self._number.argmin())} has no name; the names and the "
                "subgraphs are of different runs of the workflow: run snakemake"
            )

    def draw(self, nodes: Ints, *keys: int) -> list[Ints]:
        """Token ids of one name of each node, drawn by (keys, node)."""
        return self._ids.rows(self._first[nodes] + below(self._number[nodes], _NAME, *keys, nodes))


class Subgraphs:
    """Sampled neighbourhoods; one is drawn a concept and step."""

    def __init__(self, path: Path) -> None:
        """Read subgraphs.parquet.

        Raises:
            InputError: the table is empty, or not every node has as many samples.
        """
        table = read_table("subgraphs", path, ["centre", "sample", "node", "source", "target"])
        centre = table["centre"].to_numpy()
        self.nodes = int(centre[-1]) + 1 if len(centre) else 0
        self.samples = len(centre) // max(self.nodes, 1)
        if not self.nodes or not np.array_equal(
            centre, np.repeat(np.arange(self.nodes), self.samples)
        ):
            raise InputError(
                f"{path}: not the same number of samples for every node from 0; run snakemake"
            )
        self._node, self._source, self._target = (
            Ragged(table[name]) for name in ("node", "source", "target")
        )

    def draw(self, concepts: Ints, *keys: int) -> tuple[Ints, Ints, Ints]:
        """A disjoint union of one subgraph of each concept, drawn by (keys, concept).

        Returns:
            node: (members,), node ids, each concept's subgraph with its centre first;
            edge_index: (2, edges), positions in `node`, source above target;
            centre: (concepts,), positions in `node`.
        """
        rows = concepts * self.samples + below(self.samples, _SUBGRAPH, *keys, concepts)
        members = self._node.rows(rows)
        centre = starts([len(part) for part in members])
        edges = [
            np.concatenate([part + start for part, start in zip(parts, centre, strict=True)])
            for parts in (self._source.rows(rows), self._target.rows(rows))
        ]
        return np.concatenate(members), np.stack(edges), centre


class TrainingData:
    """The sentences of one file, step by step."""

    def __init__(
        self,
        pairs: Path,
        vocabulary: Vocabulary,
        *,
        names: Names | None,
        subgraphs: Subgraphs,
        use_graph: bool,
        mask_share: float,
        batch_size: int,
        seed: int,
    ) -> None:
        """Map the pairs.

        Args:
            pairs: train.arrow or validation.arrow.
            vocabulary: of the base model's tokeniser.
            names: None if nothing is aligned: steps then hold no names and no graph.
            subgraphs: of the graph whose node ids the pairs use.
            use_graph: False leaves the neighbours out: a step then holds the centres' names only.
            mask_share: share of the tokens that are hidden.
            batch_size: sentences a step; the last step of an epoch may hold fewer.
            seed: of the run.

        Raises:
            InputError: no sentences, or a concept that the graph does not have.
        """
        rows = map_ipc("pairs", pairs)
        self.sentences = int(rows.num_rows)
        if not self.sentences:
            raise InputError(
                f"{pairs}: no sentences; more documents, a lower pairs.min_score, or another "
                "pairs.validation_share would give some"
            )
        self._ids, self._token, self._owner, self._concept = (
            Ragged(rows[name]) for name in ("input_ids", "token", "owner", "concept")
        )
        highest = max(part.values.to_numpy().max(initial=-1) for part in rows["concept"].chunks)
        if highest >= subgraphs.nodes:
            raise InputError(
                f"{pairs}: concept {highest} is no node of the graph, which has "
                f"{subgraphs.nodes}; they are of different runs of the workflow: run snakemake"
            )
        self._vocabulary = vocabulary
        self._names = names
        self._subgraphs = subgraphs
        self._use_graph = use_graph
        self._mask_share = mask_share
        self._batch_size = batch_size
        self._seed = seed

    @property
    def steps(self) -> int:
        """Steps an epoch; the last, smaller one counts."""
        return -(-self.sentences // self._batch_size)

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """All steps of an epoch, over a permutation of the sentences."""
        items = np.arange(self.sentences)
        order = np.argsort(mix(_ORDER, self._seed, epoch, items), kind="stable")
        for step in range(self.steps):
            start = step * self._batch_size
            yield self.batch(order[start : start + self._batch_size], epoch, step)

    def batch(self, items: Ints, epoch: int, step: int) -> Batch:
        """One step's inputs.

        Args:
            items: (sentences,), rows of the table.
            epoch: from 1, or 0 for the validation.
            step: number of the step in its epoch.
        """
        sentences = self._ids.rows(items)
        by_length = shortest_first(sentences)
        items, sentences = items[by_length], [sentences[row] for row in by_length]
        token, group, concept = self._mentions(items, sentences)
        ids, labels = self._mask(items, sentences, epoch)
        lengths = torch.tensor([len(sentence) for sentence in sentences])
        return Batch(
            sentences=Texts(torch.from_numpy(ids), lengths),
            labels=torch.from_numpy(labels),
            token=torch.from_numpy(token),
            group=torch.from_numpy(group),
            concept=torch.from_numpy(concept),
            graph=self._graph(concept, epoch, step),
        )

    def _mask(self, items: Ints, sentences: list[Ints], epoch: int) -> tuple[Ints, Ints]:
        lengths = [len(sentence) for sentence in sentences]
        return mask_tokens(
            np.concatenate(sentences),
            np.repeat(items, lengths),
            np.concatenate([np.arange(length) for length in lengths]),
            share=self._mask_share,
            special=self._vocabulary.special,
            mask_id=self._vocabulary.mask_id,
            vocabulary=self._vocabulary.size,
            seed=self._seed,
            epoch=epoch,
        )

    def _mentions(self, items: Ints, sentences: list[Ints]) -> tuple[Ints, Ints, Ints]:
        """Which tokens belong to which mention row; a row is a concept of a sentence.

        Returns:
            token and group, (links,) each, a token of a row once; concept, (M,).
        """
        first = starts([len(sentence) for sentence in sentences])
        links = [
            (np.full(len(token), row), token + start, concept[owner])
            for row, (start, token, owner, concept) in enumerate(
                zip(
                    first,
                    self._token.rows(items),
                    self._owner.rows(items),
                    self._concept.rows(items),
                    strict=True,
                )
            )
        ]
        sentence, token, concept = (np.concatenate(part) for part in zip(*links, strict=True))
        # overlapping mentions of one concept may give a token twice; the mean counts it once
        link = np.unique(np.stack([sentence, concept, token], axis=1), axis=0)
        row, group = np.unique(link[:, :2], axis=0, return_inverse=True)
        return link[:, 2].copy(), group.reshape(-1), row[:, 1].copy()

    def _graph(self, concept: Ints, epoch: int, step: int) -> GraphInput | None:
        """Each distinct concept of a step has one subgraph, each distinct node one name."""
        if self._names is None:
            return None
        keys = (self._seed, epoch, step)
        concepts, row_centre = np.unique(concept, return_inverse=True)
        if self._use_graph and len(concepts):
            node, edge_index, centre = self._subgraphs.draw(concepts, *keys)
        else:
            node, edge_index = concepts, np.empty((2, 0), np.int64)
            centre = np.arange(len(concepts))
        distinct, member = np.unique(node, return_inverse=True)
        names = self._names.draw(distinct, *keys)
        by_length = shortest_first(names)
        return GraphInput(
            names=texts([names[row] for row in by_length]),
            member=torch.from_numpy(np.argsort(by_length)[member]),
            edge_index=torch.from_numpy(edge_index),
            centre=torch.from_numpy(centre),
            row_centre=torch.from_numpy(row_centre),
        )


def starts(lengths: list[int]) -> Ints:
    """Where each part begins when parts of these lengths stand one after another."""
    ends = np.cumsum(lengths, dtype=np.int64)
    return ends - np.asarray(lengths, np.int64)


def shortest_first(parts: list[Ints]) -> Ints:
    """The order that sorts token ids of texts by length, ties as they come."""
    return np.argsort([len(part) for part in parts], kind="stable")


def texts(parts: list[Ints]) -> Texts:
    """Token ids of texts, already in order, one after another."""
    lengths = torch.tensor([len(part) for part in parts], dtype=torch.int64)
    ids = np.concatenate([np.empty(0, np.int64), *parts])
    return Texts(torch.from_numpy(ids), lengths)
