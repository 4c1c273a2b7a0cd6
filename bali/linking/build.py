"""From the knowledge base, or from the tables that it is made of, to a linker."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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


def load_linker(kb: Path, settings: Settings) -> Linker:
    """A linker over what `linking names` and `linking kb` wrote.

    Args:
        kb: their folder.
        settings: of the linker; those that names depend on must be those of `linking names`.

    Raises:
        InputError: a file is missing or holds something else, or the settings are others.
    """
    store = Store(kb)
    return linker_of(open_lexicon(store.lexicon, settings), store, settings)


def build_linker(sources: Sources, settings: Settings) -> Linker:
    """A linker whose names are indexed now, whatever the settings.

    Args:
        sources: where things are.
        settings: of the linker.

    Raises:
        InputError: a file is missing or holds something else, or a semantic type is none.
    """
    return linker_of(make_lexicon(sources, settings), Store(sources.kb), settings)


def linker_of(lexicon: Lexicon, store: Store, settings: Settings) -> Linker:
    """A linker over a lexicon; the store is read only where candidates are looked for."""
    near = None
    if "candidates" in settings.steps:
        from bali.linking.near import NearNames  # takes a second: see candidates.py

        near = NearNames(
            store,
            threshold=settings.threshold,
            neighbours=settings.neighbours,
            concepts=set(lexicon.concepts["cui"].to_pylist()) if settings.semantic_types else None,
        )
    guard = Guard(lexicon.unspecific, lexicon.variants)
    return Linker(lexicon.dictionary, lexicon.variants, guard, settings, near)
