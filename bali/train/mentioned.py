"""How often the training text mentions each concept."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bali.train.columns import Ints


def documents_of(pairs: pa.Table, nodes: int) -> Ints:
    """Documents (PMID and version) whose training sentences mention each node.

    Args:
        pairs: the table `pairs`.
        nodes: of the graph.

    Returns:
        (nodes,), int64.
    """
    concept = pairs["concept"].combine_chunks()
    node = pc.list_flatten(concept).to_numpy().astype(np.int64)
    keys = np.stack([pairs[name].to_numpy() for name in ("pmid", "version")], axis=1)
    document = np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)
    row = pc.list_parent_indices(concept).to_numpy()
    mentioned = np.unique(document[row] * nodes + node)
    return np.bincount(mentioned % nodes, minlength=nodes)
