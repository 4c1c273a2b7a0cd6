"""From the knowledge base, or from the tables that it is made of, to a linker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bali.linking.candidates import CandidateMemory
from bali.linking.guard import Guard
from bali.linking.lexicon import Lexicon, NameTables, make_lexicon, open_lexicon
from bali.linking.linker import Linker
from bali.linking.settings import Settings
from bali.linking.store import Store


@dataclass(frozen=True)
class Sources(NameTables):
    """What a linker is built from.

    Attributes:
        kb: folder that `linking kb` wrote.
    """

    kb: Path


def load_linker(kb: Path, settings: Settings, threads: int) -> Linker:
    """A linker over what `linking names` and `linking kb` wrote.

    Args:
        kb: their folder.
        settings: of the linker; those that names depend on must be those of `linking names`.
        threads: of the index's search.

    Raises:
        InputError: a file is missing or holds something else, or the settings are others.
    """
    store = Store(kb)
    return linker_of(open_lexicon(store.lexicon, settings), store, settings, threads)


def build_linker(
    sources: Sources, settings: Settings, threads: int, memory: CandidateMemory | None = None
) -> Linker:
    """A linker whose names are indexed now, whatever the settings.

    Args:
        sources: where things are.
        settings: of the linker.
        threads: of the index's search.
        memory: candidates of an earlier linker over the same concepts.

    Raises:
        InputError: a file is missing or holds something else, or a semantic type is none.
    """
    lexicon = make_lexicon(sources, settings)
    return linker_of(lexicon, Store(sources.kb), settings, threads, memory)


def linker_of(
    lexicon: Lexicon,
    store: Store,
    settings: Settings,
    threads: int,
    memory: CandidateMemory | None = None,
) -> Linker:
    """A linker over a lexicon; arguments as those of `build_linker`."""
    concepts = set(lexicon.concepts["cui"].to_pylist()) if settings.semantic_types else None
    memory = memory or CandidateMemory(
        store,
        neighbours=settings.neighbours,
        ef_search=settings.ef_search,
        threads=threads,
        concepts=concepts,
    )
    near = None
    if "candidates" in settings.steps:
        from bali.linking.near import NearNames  # takes a second: see candidates.py

        near = NearNames(
            store,
            threshold=settings.threshold,
            neighbours=settings.neighbours,
            concepts=concepts,
        )
    guard = Guard(lexicon.unspecific, lexicon.variants)
    return Linker(lexicon.dictionary, lexicon.variants, memory, guard, settings, near)
