"""Training pairs, names and subgraphs on disk -> the batch of a step.

Every random choice is a function of the run's seed, the epoch and what it is about: the order of
the sentences, the masked tokens, the subgraph of a concept, the name of a node. The number of
workers or ranks can therefore change nothing. Epochs of training count from 1; epoch 0 stands for
the validation, whose choices are thus the same each time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from bali.errors import InputError
from bali.hashing import mix
from bali.model.batch import Batch, GraphInput, Texts
from bali.train.columns import Ints, Lists
from bali.train.hierarchy import Hierarchy
from bali.train.linear import Writer
from bali.train.links import triples
from bali.train.masks import Masks
from bali.train.names import Names
from bali.train.sentences import Sentences, Vocabulary
from bali.train.siblings import draw_siblings
from bali.train.soft import SoftLinks
from bali.train.subgraphs import Subgraphs
from bali.train.synonyms import SynonymPairs

_ORDER = 11  # parts this choice from others of the same keys


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
        mask_mentions: float = 0.0,
        mask_names: float = 0.0,
        siblings: int = 0,
        use_links: bool = False,
        synonyms: SynonymPairs | None = None,
        hierarchy: Hierarchy | None = None,
        soft: SoftLinks | None = None,
        writer: Writer | None = None,
        encode_names: bool = True,
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
            mask_mentions: share of the concepts of a sentence that are hidden as a whole.
            mask_names: share of the tokens of names that are hidden.
            siblings: hard negatives a concept of a step.
            use_links: steps hold triples.
            synonyms: None if steps hold no synonyms.
            hierarchy: None if steps hold no parents.
            soft: None if steps hold no spans with names that they may mean.
            writer: writes the subgraphs as texts, for a linear encoder; None: they stay graphs.
            encode_names: False leaves the names themselves out of the steps: only texts of
                subgraphs are read.

        Raises:
            InputError: no sentences, or a concept that the graph does not have.
        """
        self._sentences = Sentences(pairs)
        highest = self._sentences.highest_concept()
        if highest >= subgraphs.nodes:
            raise InputError(
                f"{pairs}: concept {highest} is no node of the graph, which has "
                f"{subgraphs.nodes}; they are of different runs of the workflow: run snakemake"
            )
        self._names = names
        self._subgraphs = subgraphs
        self._use_graph = use_graph
        self._masks = Masks(vocabulary, mask_share, mask_mentions, mask_names)
        self._siblings = siblings
        self._use_links = use_links
        self._synonyms = synonyms
        self._hierarchy = hierarchy
        self._soft = soft
        self._batch_size = batch_size
        self._seed = seed
        self._last_order: tuple[int, Ints] = (-1, np.empty(0, np.int64))
        self._writer = writer
        self._encode_names = encode_names

    @property
    def sentences(self) -> int:
        """Sentences of the file."""
        return self._sentences.number

    @property
    def relations(self) -> int:
        """Relation ids of the graph."""
        return self._subgraphs.relations

    @property
    def steps(self) -> int:
        """Steps an epoch; the last, smaller one counts."""
        return -(-self.sentences // self._batch_size)

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """All steps of an epoch, over a permutation of the sentences."""
        first = (epoch - 1) * self.steps
        return (self.at(number) for number in range(first, first + self.steps))

    def at(self, number: int) -> Batch:
        """One step's inputs, by the number of the step over all epochs.

        Args:
            number: from 0, the first step of epoch 1; those of the validation stand before 0.
        """
        epoch, step = number // self.steps + 1, number % self.steps
        return self.batch(self.items(number), epoch, step)

    def items(self, number: int) -> Ints:
        """Rows of the sentences of a step, in the order in which the batch holds them."""
        epoch, step = number // self.steps + 1, number % self.steps
        start = step * self._batch_size
        return self._order(epoch)[start : start + self._batch_size]

    def _order(self, epoch: int) -> Ints:
        """The permutation of the sentences in an epoch: (sentences,)."""
        if self._last_order[0] != epoch:
            items = np.arange(self.sentences)
            order = np.argsort(mix(_ORDER, self._seed, epoch, items), kind="stable")
            self._last_order = (epoch, order)
        return self._last_order[1]

    def batch(self, items: Ints, epoch: int, step: int) -> Batch:
        """One step's inputs.

        Args:
            items: (sentences,), rows of the table.
            epoch: from 1, or 0 for the validation.
            step: number of the step in its epoch.
        """
        sentences = self._sentences.tokens(items)
        token, group, concept = self._sentences.mentions(items, sentences.starts)
        ids, labels = self._masks.sentences(
            sentences, items, token, concept[group], seed=self._seed, epoch=epoch
        )
        keys = (self._seed, epoch, step)
        graph = self._graph(concept, *keys)
        return Batch(
            sentences=texts(Lists(ids, sentences.lengths)),
            labels=torch.from_numpy(labels),
            token=torch.from_numpy(token),
            group=torch.from_numpy(group),
            concept=torch.from_numpy(concept),
            graph=graph,
            synonyms=None if self._synonyms is None else self._synonyms.draw(*keys),
            hierarchy=None if self._hierarchy is None else self._hierarchy.draw(*keys),
            soft=None if self._soft is None else self._soft.draw(*keys),
            links=triples(graph) if graph is not None and self._use_links else None,
        )

    def _graph(self, concept: Ints, *keys: int) -> GraphInput | None:
        """Each distinct concept of a step has one subgraph, each distinct node one name."""
        if self._names is None:
            return None
        concepts, row_centre = np.unique(concept, return_inverse=True)
        siblings = draw_siblings(self._subgraphs, concepts, self._siblings, *keys)
        centres = np.concatenate([concepts, siblings])
        if self._use_graph and len(concepts):
            node, edge_index, relation, centre = self._subgraphs.draw(centres, *keys)
        else:
            node, edge_index = centres, np.empty((2, 0), np.int64)
            relation = np.empty(0, np.int64)
            centre = np.arange(len(centres))
        distinct, member = np.unique(node, return_inverse=True)
        names = self._names.draw(distinct, *keys)
        names = self._masks.of_names(names, distinct, *keys)
        written = None
        if self._writer is not None:
            written = texts(self._writer.write(names, member, edge_index, relation, centre))
        return GraphInput(
            names=texts(names if self._encode_names else Lists.of([])),
            member=torch.from_numpy(member),
            edge_index=torch.from_numpy(edge_index),
            relation=torch.from_numpy(relation),
            centre=torch.from_numpy(centre),
            row_centre=torch.from_numpy(row_centre),
            sibling=torch.arange(len(concepts), len(centres)),
            written=written,
        )


def texts(parts: Lists) -> Texts:
    """Token ids of texts as tensors, packed."""
    return Texts(torch.from_numpy(parts.values), torch.from_numpy(parts.lengths))
