"""The names of the nodes, tokenised once: training draws one a node and step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from bali.counts import Counts
from bali.errors import InputError
from bali.graph.nodes import NodeIds
from bali.pairs.selection import lists
from bali.pairs.tokeniser import Tokeniser
from bali.storage import stream_table, write_ipc


def write_names(
    path: Path,
    ids: NodeIds,
    tokeniser: Tokeniser,
    out: Path,
    counts: Counts,
) -> None:
    """Write every name of every node to `out`, in the order of the table `names`.

    Raises:
        InputError: a node has no name: `path` is not what the graph was built from.
    """
    read = cut = 0
    per_node = np.zeros(ids.count, np.int64)

    def rows() -> Iterator[pa.Table]:
        nonlocal read, cut
        for batch in stream_table("names", path, ["cui", "name"]):
            node = ids.of(batch["cui"], path)
            known = node >= 0
            names = batch["name"].filter(pa.array(known))
            encoded = tokeniser.encode(names.to_pylist())
            read += len(node)
            cut += int(encoded.cut.sum())
            np.add.at(per_node, node[known], 1)
            yield pa.table(
                {
                    "node": node[known],
                    "name": names,
                    "input_ids": lists(encoded.offsets, encoded.input_ids),
                }
            )
        if not per_node.all():
            raise InputError(
                f"{path}: node {int(np.argmin(per_node))} of the graph has no name here; run the "
                "graph stage again, the names have changed since"
            )

    written = write_ipc("node_names", rows(), out)
    counts.add(
        "names", read=read, kept=written, dropped={"concept not in the graph": read - written}
    )
    counts.facts.update(names_cut=cut, names_per_node_max=int(per_node.max(initial=0)))
