"""What a training step costs: floating-point operations of its matrix products, and memory.

Operations (FLOPs) count a multiplication and an addition each, as torch.utils.flop_counter does;
element-wise work is left out. With d the width, w the elements of the language model's matrices
(but for the embeddings), l its layers, L cells a row, e the width of its embeddings, V words:

    a cell of the language model              2 w + 4 L d l      projections; attention
    a hidden token                            2 (d e + e V)      MLM head
    a node and layer of gat, of sage          2 d^2, 4 d^2
    an edge and layer of gat with relations   2 d^2              self-loops are edges
    a centre of gat and sage                  2 d^2              output
    a vector under a projection to p          2 d p              mlp: 2 d^2 more
    a contrast, M rows and K siblings         2 (2M) (2M + K) p  without projection p = d
    link prediction, T triples, C candidates  2 T C d + 2 T^2 C  scores; who is confirmed

C is the mention rows and the names. The backward pass of a product is two products of its size, or
one where a factor is frozen: a step costs about three forward passes. With a `hidden_layer` below
the last it costs less than said here: names have no backward pass above that layer.
"""

from __future__ import annotations

from dataclasses import dataclass

from bali.train.settings import Settings

# Bytes kept a parameter: the weight, its gradient and AdamW's two moments, all float32.
PER_PARAMETER = 16
PER_FROZEN = 4
# Bytes that AdamW reads (weight, gradient, moments) and writes (weight, moments) a parameter.
MOVED_PER_PARAMETER = 28
# Bytes kept for the backward pass a cell, layer and unit of width, without the attention matrix,
# which SDPA does not store: Korthikanti et al. 2022 (arXiv:2205.05198), equation 1, for 16 bits.
PER_ACTIVATION = 34
# Float32 matrices kept of each comparison of rows: scores, exponents, masks, their gradient.
PER_COMPARISON = 4 * 4


@dataclass(frozen=True)
class Shape:
    """Sizes of a run's model."""

    dim: int  # d
    layers: int  # l
    matrices: int  # w
    embedding: int  # e
    vocabulary: int  # V
    trained: int  # parameters of everything that learns
    frozen: int  # parameters that do not


@dataclass(frozen=True)
class Reading:
    """Texts of one kind that the language model reads in a step: mean numbers."""

    tokens: float  # real ones
    cells: float  # with padding
    row: float  # L: mean cells of a packed row, weighted by cells


@dataclass(frozen=True)
class Step:
    """Mean numbers of one step's inputs; 0 where a run has none of a thing."""

    readings: tuple[Reading, ...]
    hidden: float = 0  # tokens to predict
    mentions: float = 0  # M: mention rows
    centres: float = 0  # distinct concepts, then siblings
    siblings: float = 0  # K
    members: float = 0  # nodes of all subgraphs
    edges: float = 0  # of all subgraphs, without self-loops
    names: float = 0  # that are encoded
    synonyms: float = 0  # concepts with two names each
    kinds: float = 0  # P: concepts with a parent
    candidates: float = 0  # C: other names of these, and parents
    spans: float = 0  # that equal no name
    meant: float = 0  # names that these may mean
    triples: float = 0

    @property
    def tokens(self) -> float:
        """Real tokens that the language model reads."""
        return sum(reading.tokens for reading in self.readings)

    @property
    def cells(self) -> float:
        """With padding."""
        return sum(reading.cells for reading in self.readings)


def forward_flops(shape: Shape, settings: Settings, step: Step) -> dict[str, float]:
    """Operations of one forward pass, by part; parts that a run lacks are 0."""
    d = shape.dim
    square = 2 * d * d
    attention = 4 * d * shape.layers
    graph = relations = 0.0
    if settings.w_align and settings.encoder in ("gat", "sage"):
        a_node = square if settings.encoder == "gat" else 2 * square
        graph = step.members * settings.layers * a_node + step.centres * square
        if settings.encoder == "gat" and settings.relations == "embedding":
            relations = (step.edges + step.members) * settings.layers * square
    contrasts = (settings.w_align > 0) + (settings.w_own_name > 0)
    width = d if settings.projection == "none" else settings.projection_dim
    a_vector = {"none": 0, "linear": 2 * d * width, "mlp": square + 2 * d * width}
    columns = 2 * step.mentions + step.siblings
    candidates = step.mentions + step.names if settings.w_link else 0
    return {
        "language model": sum(
            reading.cells * (2 * shape.matrices + reading.row * attention)
            for reading in step.readings
        ),
        "MLM head": step.hidden * 2 * shape.embedding * (d + shape.vocabulary),
        "graph encoder": graph,
        "relations": relations,
        "projections": contrasts * columns * a_vector[settings.projection],
        "contrasts": contrasts * 2 * 2 * step.mentions * columns * width
        + 2 * (2 * step.synonyms) ** 2 * d
        + 2 * (ordered(step) + step.spans * step.meant) * d,
        "link prediction": 2 * step.triples * candidates * d,
        "confirmed triples": 2 * step.triples**2 * candidates,
    }


def step_flops(shape: Shape, settings: Settings, step: Step) -> float:
    """Operations of a training step: forward and backward."""
    parts = forward_flops(shape, settings, step)
    passes = dict.fromkeys(parts, 3) | {"confirmed triples": 1}  # these have no gradient
    if settings.freeze_graph:  # gradients pass through to the names, and end at the relations
        passes |= {"graph encoder": 2, "relations": 1}
    return sum(passes[name] * operations for name, operations in parts.items())


def ordered(step: Step) -> float:
    """Cosines of `hierarchy`: of concepts and candidates, once for all of its parts."""
    return step.kinds * step.candidates


def memory(shape: Shape, settings: Settings, step: Step) -> float:
    """Bytes that a step needs at its peak: parameters, activations, logits, comparisons of rows."""
    bf16 = settings.precision == "bf16"
    copies = 2 * shape.trained if bf16 else 0  # autocast's, of the weights
    width = 1 if bf16 else 2
    activations = step.cells * shape.layers * shape.dim * PER_ACTIVATION * width
    logits = 3 * 4 * step.hidden * shape.vocabulary  # them, their softmax and its gradient
    contrasts = (settings.w_align > 0) + (settings.w_own_name > 0)
    compared = contrasts * 2 * step.mentions * (2 * step.mentions + step.siblings)
    compared += (2 * step.synonyms) ** 2 + ordered(step) + step.spans * step.meant
    compared += step.triples * (step.triples + step.mentions + step.names)
    fixed = PER_PARAMETER * shape.trained + PER_FROZEN * shape.frozen
    return fixed + copies + activations + logits + PER_COMPARISON * compared


def seconds(
    shape: Shape,
    settings: Settings,
    step: Step,
    *,
    peak: float,
    bandwidth: float,
    utilisation: float,
) -> float:
    """Seconds a step: products at a share of the peak, then AdamW at the memory's bandwidth.

    Args:
        shape: of the model.
        settings: of the run.
        step: of the data.
        peak: of the device, FLOP/s.
        bandwidth: of its memory, bytes/s.
        utilisation: share of the peak that the products reach.
    """
    products = step_flops(shape, settings, step) / (peak * utilisation)
    return products + MOVED_PER_PARAMETER * shape.trained / bandwidth
