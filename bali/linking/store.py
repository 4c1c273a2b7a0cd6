"""The knowledge base on disk: what scispaCy needs, in files that run no code when they are read.

| file | what it holds |
|---|---|
| entities.jsonl | a concept a line, in scispaCy's own layout (scispacy.linking_utils.Entity) |
| aliases.json | the distinct names in the order of the index |
| vocabulary.json, idf.npy | the TF-IDF vectoriser |
| vectors.npz | the TF-IDF vectors of the aliases, float32 |
| hnsw.bin | the index over them (bali/linking/index.py) |
| names/ | what the linker itself compares text with (bali/linking/lexicon.py) |
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy import sparse

from bali.files import atomic_path, require_file


@dataclass(frozen=True)
class Store:
    """Paths of a knowledge base."""

    folder: Path

    @property
    def entities(self) -> Path:
        """Concepts."""
        return self.folder / "entities.jsonl"

    @property
    def aliases(self) -> Path:
        """Names in the order of the index."""
        return self.folder / "aliases.json"

    @property
    def vocabulary(self) -> Path:
        """3-grams in the order of their columns."""
        return self.folder / "vocabulary.json"

    @property
    def idf(self) -> Path:
        """Weight of each 3-gram."""
        return self.folder / "idf.npy"

    @property
    def vectors(self) -> Path:
        """Vectors of the aliases."""
        return self.folder / "vectors.npz"

    @property
    def index(self) -> Path:
        """The HNSW index."""
        return self.folder / "hnsw.bin"

    @property
    def lexicon(self) -> Path:
        """What `bali linking names` writes."""
        return self.folder / "names"

    def require_vectors(self) -> None:
        """Check that the names and their vectors are there.

        Raises:
            InputError: a file is missing.
        """
        _require(self.aliases, self.vocabulary, self.idf, self.vectors)

    def require(self) -> None:
        """Check that all that scispaCy needs is there.

        Raises:
            InputError: a file is missing.
        """
        self.require_vectors()
        _require(self.entities)
        require_file(self.index, "build the index: `snakemake --cores 2 linking_index`")

    def write_entities(self, entities: Iterable[dict[str, Any]]) -> None:
        """Write concepts, one JSON object a line."""
        with atomic_path(self.entities) as part, part.open("w", encoding="utf-8") as out:
            for entity in entities:
                out.write(json.dumps(entity, ensure_ascii=False) + "\n")

    def write_aliases(self, aliases: Sequence[str]) -> None:
        """Write the names in the order of the index."""
        with atomic_path(self.aliases) as part:
            part.write_text(json.dumps(aliases, ensure_ascii=False) + "\n")

    def write_vectors(self, vectors: sparse.csr_matrix) -> None:
        """Write the vectors of the aliases: plain arrays, no pickled object."""
        with atomic_path(self.vectors) as part:
            sparse.save_npz(part, vectors)


def _require(*paths: Path) -> None:
    for path in paths:
        require_file(path, "build the knowledge base: `snakemake --cores 2 linking_kb`")
