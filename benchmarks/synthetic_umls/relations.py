"""MRREL."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bali.hashing import below, mix, uniform
from bali.log import progress
from synthetic_umls.concepts import BLOCK, Concepts, Key
from synthetic_umls.fields import Ints, RrfWriter, choose, draw, identifiers, scramble, skewed
from synthetic_umls.vocabulary import SUPPRESS

HUB = 100_000  # edges of the concept with the most, if there are enough edges
# REL, RELA, inverse REL, inverse RELA, share of the edges
RELATIONS = [
    ("SIB", "", "SIB", "", 0.2),
    ("PAR", "", "CHD", "", 0.06),
    ("PAR", "inverse_isa", "CHD", "isa", 0.12),
    ("RO", "", "RO", "", 0.06),
    ("RB", "", "RN", "", 0.05),
    ("RB", "has_mapping", "RN", "mapped_to", 0.02),
    ("RO", "has_finding_site", "RO", "finding_site_of", 0.06),
    ("RO", "associated_morphology_of", "RO", "has_associated_morphology", 0.04),
    ("RO", "has_ingredient", "RO", "ingredient_of", 0.05),
    ("RO", "has_method", "RO", "method_of", 0.05),
    ("RO", "may_treat", "RO", "may_be_treated_by", 0.02),
    ("RO", "causative_agent_of", "RO", "has_causative_agent", 0.03),
    ("SY", "same_as", "SY", "same_as", 0.04),
    ("SY", "has_permuted_term", "SY", "permuted_term_of", 0.04),
    ("SY", "", "SY", "", 0.03),
    ("RQ", "classifies", "RQ", "classified_as", 0.05),
    ("RQ", "", "RQ", "", 0.04),
    ("QB", "", "AQ", "", 0.04),
]
REL_SOURCES = ["SNOMEDCT_US", "NCBI", "MSH", "RXNORM", "NCI", "LNC", "MTH", "GO", "HPO", "MDR"]


def write_relations(concepts: Concepts, rows: int, out: RrfWriter) -> None:
    """MRREL, by CUI1: edges in both directions, each with the inverse REL and RELA."""
    edges = Edges(concepts, (rows + 1) // 2)
    # CUI1 and row in one integer, which is all of the table that is in memory
    keys = np.empty(rows, np.uint64)
    for start in range(0, rows, BLOCK):
        row = np.arange(start, min(start + BLOCK, rows))
        one, _, _, _ = edges.ends(row)
        keys[row] = edges.numbers[one].astype(np.uint64) << np.uint64(32) | row.astype(np.uint64)
    keys.sort()
    for start in progress(range(0, rows, BLOCK), "blocks of MRREL", -(-rows // BLOCK)):
        edges.write((keys[start : start + BLOCK] & np.uint64(0xFFFFFFFF)).astype(np.int64), out)


class Edges:
    """Edges as functions of their number; row 2e of MRREL is edge e, row 2e + 1 its inverse."""

    def __init__(self, concepts: Concepts, edges: int) -> None:
        """Prepare `edges` edges."""
        self.concepts, n = concepts, len(concepts.cui)
        self.numbers = np.concatenate([concepts.cui, concepts.retired])
        self.linked = max(1, n * 19 // 20)  # the others have no relation
        self.concept_of_rank = np.argsort(mix(concepts.seed, Key.EDGE, np.arange(n)), kind="stable")
        self.top = min(HUB, max(1, edges // 25)) / max(1, edges)
        *_, shares = zip(*RELATIONS, strict=True)
        self.shares = [*(np.cumsum(shares) / sum(shares))[:-1], 1.0]

    def ends(self, row: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """CUI1 and CUI2 of rows (as numbers of concepts), their edge, and the edge they repeat."""
        seed, edge = self.concepts.seed, row // 2
        again = (edge % 2 == 1) & (uniform(seed, Key.EDGE, 1, edge) < 0.16)
        base = edge - again
        one = self.concept_of_rank[skewed(self.linked, self.top, seed, Key.EDGE, 2, base)]
        two = (uniform(seed, Key.EDGE, 3, base) ** 1.5 * self.linked).astype(np.int64)
        two = self.concept_of_rank[two]
        fate = uniform(seed, Key.EDGE, 4, base)
        two = np.where(fate < 0.002, one, two)
        retired = len(self.concepts.cui) + below(
            len(self.concepts.retired), seed, Key.EDGE, 5, base
        )
        two = np.where(fate > 0.999, retired, two)
        inverse = row % 2 == 1
        return np.where(inverse, two, one), np.where(inverse, one, two), edge, base

    def write(self, row: Ints, out: RrfWriter) -> None:
        """Write rows."""
        seed = self.concepts.seed
        one, two, edge, base = self.ends(row)
        kind = 2 * draw(self.shares, seed, Key.EDGE, 6, base) + row % 2
        source = skewed(len(REL_SOURCES), 0.3, seed, Key.EDGE, 7, edge)
        snomed = source == 0
        rels = [f"AUI|{rel}" for a, _, b, _, _ in RELATIONS for rel in (a, b)]
        relas = [f"AUI|{rela}" for _, a, _, b, _ in RELATIONS for rela in (a, b)]
        sources = [f"{s}|{s}|{'0' if s == 'SNOMEDCT_US' else ''}" for s in REL_SOURCES]
        flag = draw((0.93, 0.98, 0.995, 1.0), seed, Key.EDGE, 8, edge)
        stated = np.where(snomed, 1 + row % 2, 0)  # whether the source states this direction
        out.write(
            identifiers("C", self.numbers[one], 7),
            self._atom(one, edge, row % 2),
            choose(rels, kind),
            identifiers("C", self.numbers[two], 7),
            self._atom(two, edge, 1 - row % 2),
            choose(relas, kind),
            identifiers("R", scramble(row)),
            pc.if_else(pa.array(snomed), identifiers("", scramble(edge)), ""),
            choose(sources, source),
            choose([f"{d}|{s}|" for d in ("", "Y", "N") for s in SUPPRESS], 4 * stated + flag),
        )

    def _atom(self, concept: Ints, edge: Ints, side: Ints) -> pa.StringArray:
        """AUI of one of the concept's atoms, the same in both directions; any for a retired CUI."""
        known = np.minimum(concept, len(self.concepts.cui) - 1)
        first, end = self.concepts.first[known], self.concepts.first[known + 1]
        atom = first + below(end - first, self.concepts.seed, Key.EDGE, 9, edge, side)
        return identifiers("A", scramble(atom))
