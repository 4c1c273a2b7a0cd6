"""What a training step costs: floating-point operations of its matrix products, and memory.

Operations (FLOPs) count a multiplication and an addition each, as torch.utils.flop_counter does;
element-wise work is left out. With d the width, f that of the feed-forward layers, L cells a row:

    a cell and layer of the language model    2 (4 d^2 + 2 d f) + 4 L d     projections; attention
    a hidden token                            2 d^2 + 2 d V                 MLM head
    a node and layer of gat, of sage          2 d^2, 4 d^2
    a centre of gat and sage                  2 d^2                         projection
    the contrastive loss, M mention rows      2 (2M)^2 d

The backward pass of a product is two products of its size: a step costs three forward passes.
"""

from __future__ import annotations

from dataclasses import dataclass

# Bytes kept a parameter: the weight, its gradient and AdamW's two moments, all float32.
PER_PARAMETER = 16
# Bytes that AdamW reads (weight, gradient, moments) and writes (weight, moments) a parameter.
MOVED_PER_PARAMETER = 28
# Bytes kept for the backward pass a cell, layer and unit of width, without the attention matrix,
# which SDPA does not store: Korthikanti et al. 2022 (arXiv:2205.05198), equation 1, for 16 bits.
PER_ACTIVATION = 34


@dataclass(frozen=True)
class Shape:
    """Sizes of a language model, and of the graph encoder on top of it."""

    dim: int  # d
    layers: int
    inner: int  # f
    vocabulary: int  # V
    positions: int
    encoder: str  # as the setting
    graph_layers: int


@dataclass(frozen=True)
class Step:
    """Mean numbers of one step's inputs."""

    tokens: float  # real ones that the language model encodes
    cells: float  # with padding
    row: float  # L: mean cells of a packed row, weighted by cells
    hidden: float  # tokens to predict
    members: float  # nodes of all subgraphs
    centres: float
    mentions: float  # M: mention rows


def forward_flops(shape: Shape, step: Step) -> dict[str, float]:
    """Operations of one forward pass, by part."""
    d = shape.dim
    cell = 2 * (4 * d * d + 2 * d * shape.inner) + 4 * step.row * d
    per_node = {"gat": 2 * d * d, "sage": 4 * d * d}.get(shape.encoder, 0)
    graph = step.members * shape.graph_layers * per_node
    graph += step.centres * 2 * d * d if per_node else 0
    return {
        "language model": step.cells * shape.layers * cell,
        "MLM head": step.hidden * (2 * d * d + 2 * d * shape.vocabulary),
        "graph encoder": graph,
        "contrastive loss": 2 * (2 * step.mentions) ** 2 * d,
    }


def step_flops(shape: Shape, step: Step) -> float:
    """Operations of a training step: forward and backward."""
    return 3 * sum(forward_flops(shape, step).values())


def parameters(shape: Shape) -> int:
    """Trained parameters, by the layout of BERT: embeddings, layers, MLM head, graph encoder."""
    d, f = shape.dim, shape.inner
    embeddings = (shape.vocabulary + shape.positions + 2) * d + 2 * d
    layer = 4 * (d * d + d) + 2 * d * f + f + d + 4 * d
    head = d * d + 3 * d + shape.vocabulary
    graph_layer = {"gat": d * d + 3 * d, "sage": 2 * d * d + d}.get(shape.encoder, 0)
    projection = d * d + 3 * d if graph_layer else 0
    return embeddings + shape.layers * layer + head + shape.graph_layers * graph_layer + projection


def memory(shape: Shape, step: Step, bits: int) -> float:
    """Bytes that a step needs at its peak: parameters, activations, logits, similarities.

    Args:
        shape: of the model.
        step: of the data.
        bits: 16 or 32, of the activations; under autocast a copy of the weights comes on top.
    """
    count = parameters(shape)
    width = bits / 16
    activations = step.cells * shape.layers * shape.dim * PER_ACTIVATION * width
    logits = 3 * 4 * step.hidden * shape.vocabulary  # them, their softmax and its gradient
    similarities = 4 * 4 * (2 * step.mentions) ** 2
    copies = 2 * count if bits == 16 else 0
    return PER_PARAMETER * count + copies + activations + logits + similarities


def seconds(shape: Shape, step: Step, peak: float, bandwidth: float, utilisation: float) -> float:
    """Seconds a step: products at a share of the peak, then AdamW at the memory's bandwidth.

    Args:
        shape: of the model.
        step: of the data.
        peak: of the device, FLOP/s.
        bandwidth: of its memory, bytes/s.
        utilisation: share of the peak that the products reach.
    """
    products = step_flops(shape, step) / (peak * utilisation)
    return products + MOVED_PER_PARAMETER * parameters(shape) / bandwidth
