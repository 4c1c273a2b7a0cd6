"""scispaCy's TF-IDF vectoriser over character 3-grams, kept as JSON and npy instead of joblib.

scispaCy's own create_tfidf_ann_index() keeps the vectoriser by joblib, which runs code when it is
loaded, and the vectors as float16, which scipy refuses since 1.11. What follows builds the same
vectoriser (`char_wb` 3-grams, float32) and rebuilds it from its vocabulary and idf alone. Its
min_df=10 is a parameter here: a small knowledge base would be left without vocabulary.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from bali.errors import InputError
from bali.files import atomic_path, read_json


def fit(names: Sequence[str], min_df: int) -> tuple[TfidfVectorizer, csr_matrix]:
    """Fit a vectoriser to names.

    Args:
        names: one document each.
        min_df: 3-grams that occur in fewer names are left out of the vocabulary.

    Returns:
        The vectoriser and the names' vectors, (names, 3-grams), float32, rows of unit length or
        all zero.

    Raises:
        InputError: no 3-gram occurs in `min_df` names.
    """
    vectoriser = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 3), min_df=min_df, dtype=np.float32
    )
    try:
        return vectoriser, vectoriser.fit_transform(names)
    except ValueError as error:
        raise InputError(
            f"{len(names)} names leave no character 3-gram for the index ({error}); lower "
            f"linking.min_df, now {min_df}, or give more names"
        ) from None


def restore(vocabulary: Mapping[str, int], idf: NDArray[np.float32]) -> TfidfVectorizer:
    """Rebuild a fitted vectoriser.

    Args:
        vocabulary: 3-gram -> column.
        idf: (3-grams,), the weight of each column.
    """
    vectoriser = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 3), dtype=np.float32, vocabulary=vocabulary
    )
    vectoriser.idf_ = idf
    return vectoriser


def save(vectoriser: TfidfVectorizer, vocabulary: Path, idf: Path) -> None:
    """Write vocabulary (JSON, 3-grams in the order of their columns) and idf (npy)."""
    grams = sorted(vectoriser.vocabulary_, key=vectoriser.vocabulary_.__getitem__)
    with atomic_path(vocabulary) as part:
        part.write_text(json.dumps(grams, ensure_ascii=False) + "\n")
    with atomic_path(idf) as part:
        np.save(part, vectoriser.idf_.astype(np.float32))


def load(vocabulary: Path, idf: Path) -> TfidfVectorizer:
    """Read what `save` wrote.

    Raises:
        InputError: the vocabulary is missing or no JSON.
    """
    grams = {gram: column for column, gram in enumerate(read_json(vocabulary))}
    return restore(grams, np.load(idf, allow_pickle=False))
