"""From the tables of the umls stage and the knowledge base to a linker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from bali.linking.candidates import CandidateMemory
from bali.linking.dictionary import Dictionary
from bali.linking.guard import Guard
from bali.linking.linker import Linker
from bali.linking.settings import Settings
from bali.linking.store import Store
from bali.linking.variants import STEPS, Variants, read_equivalents
from bali.semantic_groups import read_semantic_groups
from bali.storage import read_table


@dataclass(frozen=True)
class Sources:
    """What a linker is built from.

    Attributes:
        kb: folder that `linking kb` wrote.
        names: table `names`.
        heldout: table `heldout`.
        semantic_types: table `semantic_types`.
        equivalents: resources/equivalent_words.tsv.
        groups: resources/semantic_groups.tsv.
    """

    kb: Path
    names: Path
    heldout: Path
    semantic_types: Path
    equivalents: Path
    groups: Path


def build_linker(
    sources: Sources, settings: Settings, threads: int, memory: CandidateMemory | None = None
) -> Linker:
    """Load the knowledge base and index its names.

    Args:
        sources: where things are.
        settings: of the linker.
        threads: of the index's search.
        memory: candidates of an earlier linker over the same concepts.

    Raises:
        InputError: a file is missing or holds something else, or a semantic type is none.
    """
    names = read_table("names", sources.names, ["cui", "name", "preferred"])
    ranks = type_ranks(sources, settings)
    if ranks is not None:
        names = names.filter(pa.array([cui in ranks for cui in names["cui"].to_pylist()]))
    variants = Variants(
        [step for step in STEPS if step in settings.steps], read_equivalents(sources.equivalents)
    )
    dictionary = Dictionary(
        zip(*(column.to_pylist() for column in names.columns), strict=True),
        read_table("heldout", sources.heldout, ["name"])["name"].to_pylist(),
        variants,
        min_characters=settings.min_characters,
        max_words=settings.max_words,
        type_ranks=ranks,
    )
    memory = memory or CandidateMemory(
        Store(sources.kb),
        neighbours=settings.neighbours,
        ef_search=settings.ef_search,
        threads=threads,
        concepts=ranks,
    )
    return Linker(
        dictionary, variants, memory, Guard(names["name"].to_pylist(), variants), settings
    )


def type_ranks(sources: Sources, settings: Settings) -> dict[str, int] | None:
    """CUI -> place of its semantic type among those that are mentions; None allows all."""
    if not settings.semantic_types:
        return None
    groups = read_semantic_groups(sources.groups)
    place: dict[str, int] = {}
    for number, value in enumerate(settings.semantic_types):
        for tui in groups.expand([value], "linking.semantic_types"):
            place.setdefault(tui, number)
    types = read_table("semantic_types", sources.semantic_types, ["cui", "tui"])
    ranks: dict[str, int] = {}
    for cui, tui in zip(types["cui"].to_pylist(), types["tui"].to_pylist(), strict=True):
        if tui in place:
            ranks[cui] = min(place[tui], ranks.get(cui, len(place)))
    return ranks
