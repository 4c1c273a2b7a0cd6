"""MRSTY, MRDEF and MRCUI."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bali.hashing import below, uniform
from synthetic_umls.concepts import Concepts, Key
from synthetic_umls.fields import RrfWriter, choose, draw, identifiers, scramble, skewed
from synthetic_umls.names import Namer
from synthetic_umls.vocabulary import PREFERRED_SUPPRESS, SUPPRESS, semantic_types


def write_types(concepts: Concepts, out: RrfWriter) -> None:
    """MRSTY: one semantic type, for every fifth concept two."""
    types, seed = semantic_types(), concepts.seed
    for a, b in concepts.blocks("MRSTY"):
        concept = np.arange(a, b)
        first = skewed(len(types), 0.15, seed, Key.STY, concept)
        second = (first + 1 + below(len(types) - 1, seed, Key.STY, 1, concept)) % len(types)
        two = uniform(seed, Key.STY, 2, concept) < 0.2
        pairs = np.stack([np.where(two, np.minimum(first, second), first),
                          np.where(two, np.maximum(first, second), first)], axis=1)  # fmt: skip
        keep = np.stack([np.ones_like(two), two], axis=1).ravel()
        number = (2 * concept[:, None] + [0, 1]).ravel()[keep]
        out.write(
            identifiers("C", concepts.cui[number // 2], 7),
            choose([f"{tui}||{sty}" for tui, sty in types], pairs.ravel()[keep]),
            identifiers("AT", scramble(number)),
            "",
        )


def write_definitions(concepts: Concepts, out: RrfWriter) -> None:
    """MRDEF: of every twentieth concept, of 5 to 44 words."""
    seed, namer = concepts.seed, Namer(concepts.seed)
    for a, b in concepts.blocks("MRDEF"):
        concept = np.arange(a, b)
        concept = concept[uniform(seed, Key.DEF, concept) < 0.05]
        if not len(concept):
            continue
        counts = 5 + below(40, seed, Key.DEF, 1, concept)
        out.write(
            identifiers("C", concepts.cui[concept], 7),
            identifiers("A", scramble(concepts.first[concept])),
            identifiers("AT", scramble(2 * len(concepts.cui) + concept)),
            "",
            choose(["MSH", "NCI", "HPO", "GO"], below(4, seed, Key.DEF, 2, concept)),
            namer.texts(-1 - concept, np.zeros_like(concept), counts),
            choose(list(SUPPRESS), draw(PREFERRED_SUPPRESS, seed, Key.DEF, 3, concept)),
            "",
        )


def write_retired(concepts: Concepts, out: RrfWriter) -> None:
    """MRCUI: what became of retired CUIs; only REL=SY says that a concept took their place."""
    seed, cui = concepts.seed, np.sort(concepts.retired)
    releases = [f"{year}A{half}" for year in range(2010, 2024) for half in "AB"]
    kind = draw((0.25, 0.60, 0.80, 0.90, 1.0), seed, Key.MERGED, cui)
    to = identifiers("C", concepts.cui[below(len(concepts.cui), seed, Key.MERGED, 1, cui)], 7)
    out.write(
        identifiers("C", cui, 7),
        choose(releases, below(len(releases), seed, Key.MERGED, 2, cui)),
        choose(["DEL||", "SY||", "RO||", "RN||", "RB||"], kind),
        pc.if_else(pa.array(kind == 0), "", to),
        choose(["", "Y"], (kind > 0).astype(np.int64)),
    )
