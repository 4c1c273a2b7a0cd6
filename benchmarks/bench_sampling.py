"""Sampling neighbourhoods: ours, torch_geometric's k_hop_subgraph and plain memory reads, in turn.

    pytest benchmarks/bench_sampling.py --benchmark-group-by=group --benchmark-columns=median -s

One thread, 600,000 nodes and 3M edges with skewed degrees; centres per second of CPU time.

- ours: a subgraph of its own for each centre; `relation`: the same, drawn by relation.
- peer: one call a centre, which gives the whole neighbourhood: it has no fan-out.
- peer joint: 256 centres a call, its best case: one subgraph for all of them together.
- reads: what no sampler in numpy can be faster than: fetching as many entries from random places
  of the same arrays, and no more.

Memory is the peak of a process of its own, in MiB above the graph and the imports (Linux).
"""

from __future__ import annotations

import ctypes
import re
import subprocess
import sys
import time
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bali.graph.adjacency import Csr
from bali.graph.draws import Draws, index_relations
from bali.graph.sampling import sample_subgraphs
from bali.graph.subgraphs import BLOCK

NODES, EDGES, RELATIONS = 600_000, 3_000_000, 20
FAN_OUTS = {"1 hop": [3], "2 hops": [10, 5]}
MANY = 20 * BLOCK
CENTRES = {"ours": MANY, "peer": 10, "peer joint": 256, "reads": MANY, "relation": MANY}
ROUNDS = 5
CPU: dict[str, dict[str, list[float]]] = defaultdict(dict)  # hops -> which -> seconds a centre


@cache
def graph() -> Csr:
    """Targets by a square law: the largest of the rows holds 3,900 entries."""
    rng = np.random.default_rng(0)
    target = np.sort((NODES * rng.random(EDGES) ** 2).astype(np.int64))
    source = rng.integers(0, NODES, EDGES)
    order = np.lexsort((source, target))
    indptr = np.searchsorted(target, np.arange(NODES + 1))
    relation = rng.integers(0, RELATIONS, EDGES).astype(np.int32)
    return Csr(indptr, source[order].astype(np.int32), relation)


@cache
def centres() -> NDArray[np.int64]:
    """The nodes in a random order, the same for all."""
    return np.random.default_rng(1).permutation(NODES)


@cache
def draws(which: str) -> Draws:
    """Uniform draws, or by relation."""
    return Draws(False, index_relations(graph()) if which == "relation" else None)


def ours(fan_out: list[int], which: str) -> None:
    for start in range(0, CENTRES[which], BLOCK):
        sample_subgraphs(graph(), centres()[start : start + BLOCK], fan_out, 0, 29, draws(which))


@cache
def edge_index():
    import torch

    target = np.repeat(np.arange(NODES), graph().degree)
    return torch.from_numpy(np.stack([graph().neighbour.astype(np.int64), target]))


def peer(hops: int, seeds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Nodes of the neighbourhood of all seeds together."""
    import torch
    from torch_geometric.utils import k_hop_subgraph

    found = k_hop_subgraph(
        torch.from_numpy(seeds), hops, edge_index(), relabel_nodes=True, num_nodes=NODES
    )
    return found[0].numpy()


@cache
def places(hops: str) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """For each block, as many rows and entries as the sampler touches, at random."""
    rng = np.random.default_rng(2)
    found = []
    for start in range(0, CENTRES["reads"], BLOCK):
        block = centres()[start : start + BLOCK]
        sampled = sample_subgraphs(graph(), block, FAN_OUTS[hops], 0, 29)
        drawn_from = np.unique(
            np.repeat(np.arange(BLOCK), np.diff(sampled.edge_offsets)) << 32 | sampled.target
        )
        rows = rng.integers(0, NODES, max(len(drawn_from), BLOCK))
        found.append((rows, rng.integers(0, EDGES, len(sampled.source))))
    return found


def reads(hops: str) -> None:
    csr = graph()
    for rows, entries in places(hops):
        csr.indptr[rows], csr.indptr[rows + 1], csr.neighbour[entries], csr.relation[entries]


def run(which: str, hops: str) -> None:
    """One round."""
    if which.startswith("peer"):
        at_once = 1 if which == "peer" else CENTRES[which]
        for start in range(0, CENTRES[which], at_once):
            peer(len(FAN_OUTS[hops]), centres()[start : start + at_once])
    elif which == "reads":
        reads(hops)
    else:
        ours(FAN_OUTS[hops], which)


def prepare(which: str, hops: str) -> None:
    """Everything that is made once and not measured."""
    graph(), centres()
    if which.startswith("peer"):
        import torch
        import torch_geometric.utils  # noqa: F401

        torch.set_num_threads(1)
        edge_index()
    elif which == "reads":
        places(hops)
    else:
        draws(which)


def peak_above(which: str, hops: str) -> float:
    """MiB by which one round raises the memory of this process."""
    prepare(which, hops)
    status, mark = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # what making the graph has left free is no one's
    mark.write_text("5")  # the peak is now what is resident
    peaks = []
    for step in (lambda: None, lambda: run(which, hops)):
        step()
        peaks.append(int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]))
    return (peaks[1] - peaks[0]) / 1024


@pytest.mark.parametrize("hops", FAN_OUTS)
@pytest.mark.parametrize("which", CENTRES)
def test_sampling(benchmark, which: str, hops: str) -> None:
    benchmark.group = hops
    prepare(which, hops)
    code = (
        "import sys; sys.path.insert(0, 'benchmarks'); import bench_sampling as b;"
        f"print(b.peak_above({which!r}, {hops!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds: list[float] = []

    def timed() -> None:
        start = time.process_time()
        run(which, hops)
        seconds.append((time.process_time() - start) / CENTRES[which])

    benchmark.pedantic(timed, rounds=ROUNDS, warmup_rounds=1)
    CPU[hops][which] = sorted(seconds[1:])
    middle = CPU[hops][which][ROUNDS // 2]
    benchmark.extra_info["centres_per_cpu_second"] = round(1 / middle)
    benchmark.extra_info["peak_mib"] = round(float(done.stdout))
    sys.stderr.write(
        f"\n{hops} {FAN_OUTS[hops]}, {which}: {1 / middle:,.0f} centres/s of CPU "
        f"({1 / CPU[hops][which][-1]:,.0f} to {1 / CPU[hops][which][0]:,.0f}), "
        f"{benchmark.extra_info['peak_mib']} MiB\n"
    )


@pytest.mark.parametrize("hops", FAN_OUTS)
def test_ratios(hops: str) -> None:
    middle = {which: seconds[ROUNDS // 2] for which, seconds in CPU[hops].items()}
    if not set(CENTRES) <= set(middle):
        pytest.skip("the measurements were not selected")
    sys.stderr.write(
        f"\n{hops}: {middle['peer'] / middle['ours']:,.0f} times the peer, "
        f"{middle['peer joint'] / middle['ours']:.0f} times the peer joint; "
        f"{middle['ours'] / middle['reads']:.1f} times the time of the reads alone\n"
    )


def test_both_reach_the_same_nodes() -> None:
    """With a fan-out that takes every neighbour."""
    sampled = sample_subgraphs(graph(), centres()[:20], [NODES], 0, 29)
    for number, centre in enumerate(centres()[:20]):
        nodes = sampled.node[slice(*sampled.node_offsets[number : number + 2])]
        assert set(nodes.tolist()) == set(peer(1, centres()[number : number + 1]).tolist()), centre
