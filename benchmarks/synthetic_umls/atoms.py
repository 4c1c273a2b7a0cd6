"""MRCONSO."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bali.hashing import below, uniform
from synthetic_umls.concepts import ATOMS_PER_CONCEPT, Concepts, Key
from synthetic_umls.fields import Ints, RrfWriter, choose, draw, identifiers, scramble
from synthetic_umls.names import Namer
from synthetic_umls.vocabulary import (
    LANGUAGES,
    OTHER_SUPPRESS,
    PREFERRED_SUPPRESS,
    SUPPRESS,
    atom_kinds,
)


def write_atoms(concepts: Concepts, out: RrfWriter) -> None:
    """MRCONSO, by CUI and language."""
    seed, kinds, namer = concepts.seed, atom_kinds(), Namer(concepts.seed)
    alphabetical = np.argsort(np.argsort([lat for lat, _, _ in LANGUAGES]))
    shares = np.array([share for _, share, _ in LANGUAGES])
    # nearly all first atoms are English, so that fewer of the others are
    others = shares.copy()
    others[0] = (shares[0] - 0.96 / ATOMS_PER_CONCEPT) / (1 - 1 / ATOMS_PER_CONCEPT)
    others[1:] *= (1 - others[0]) / others[1:].sum()
    others = [*np.cumsum(others)[:-1], 1.0]
    for a, b in concepts.blocks("MRCONSO"):
        row = np.arange(concepts.first[a], concepts.first[b])
        concept = np.repeat(np.arange(a, b), np.diff(concepts.first[a : b + 1]))
        lat = draw(others, seed, Key.LAT, row)
        lat[(row == concepts.first[concept]) & (uniform(seed, Key.LAT, 1, row) < 0.96)] = 0
        # (concept, language): its atoms stand together, the preferred one first
        lat = lat[np.argsort(concept * 16 + alphabetical[lat], kind="stable")]
        opens = np.r_[True, (concept[1:] != concept[:-1]) | (lat[1:] != lat[:-1])]
        group = np.maximum.accumulate(np.where(opens, row, 0))
        chance = uniform(seed, Key.NEW, row)
        own_term = opens | (chance < 0.62)  # else another spelling, or the same from elsewhere
        own_string = own_term | (chance < 0.74)
        term = np.maximum.accumulate(np.where(own_term, row, 0))
        string = np.maximum.accumulate(np.where(own_string, row, 0))
        strings = np.cumsum(own_string)
        spelling = strings - strings[term - row[0]]  # 0 for the term's first string
        kind = np.searchsorted(
            kinds.cumulative, lat + np.minimum(uniform(seed, Key.KIND, row), 0.999999)
        )
        flag = np.where(
            opens,
            draw(PREFERRED_SUPPRESS, seed, Key.FLAG, row),
            draw(OTHER_SUPPRESS, seed, Key.FLAG, row),
        )
        code = _codes(concepts, concept, kinds.source[kind], choose(kinds.prefix, kind), row)
        named = uniform(seed, Key.CODE, row) < 0.6
        out.write(
            identifiers("C", concepts.cui[concept], 7),
            choose([f"{name}|{ts}" for name, _, _ in LANGUAGES for ts in "PS"],
                   2 * lat + (term != group)),
            identifiers("L", scramble(term)),
            choose(["PF", "VC", "VC", "VO"], np.minimum(spelling, 3)),
            identifiers("S", scramble(string)),
            choose("NY", own_string.astype(np.int64)),
            identifiers("A", scramble(row)),
            "",
            pc.if_else(pa.array(named), code, ""),
            "",
            choose(kinds.fields, kind),
            code,
            namer.spell(lat, row[own_term], own_term, spelling),
            choose([f"{srl}|{s}|" for srl in range(10) for s in SUPPRESS],
                   4 * kinds.srl[kind] + flag),
        )  # fmt: skip


def _codes(
    concepts: Concepts, concept: Ints, source: Ints, prefix: pa.StringArray, row: Ints
) -> pa.StringArray:
    """Codes; atoms of one concept and source mostly have the same."""
    variant = below(8, concepts.seed, Key.CODE, row) == 0
    number = below(10**7, concepts.seed, Key.CODE, concept, source, variant)
    code = pc.binary_join_element_wise(prefix, identifiers("", number, 7), "")
    return pc.if_else(pc.equal(prefix, "NOCODE"), "NOCODE", code)
