"""How often the training text mentions each concept."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from bali.train.columns import Ints, Ragged


def documents_of(pairs: pa.Table, nodes: int) -> Ints:
    """Documents (PMID and version) whose training sentences mention each node.

    Args:
        pairs: the table `pairs`.
        nodes: of the graph.

    Returns:
        (nodes,), int64.
    """
    concept = Ragged(pairs["concept"]).rows(np.arange(pairs.num_rows))
    keys = np.stack([pairs[name].to_numpy() for name in ("pmid", "version")], axis=1)
    document = np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)
    mentioned = np.unique(document[concept.owner] * nodes + concept.values)
    return np.bincount(mentioned % nodes, minlength=nodes)
