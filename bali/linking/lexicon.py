"""What the linker knows of names: made of the tables of the umls stage once, then mapped.

| file | what it holds |
|---|---|
| forms.arrow, variants.arrow | normal forms and keys of variants -> concepts, by hash |
| beginnings.npy, words.npy, most.npy | what tells early that no name goes on (dictionary.py) |
| concepts.arrow | the concepts that may be mentions, by CUI, with their names |
| lexicon.json | the settings that it was made with, words that need care, equivalent words |
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bali.errors import InputError
from bali.files import atomic_path, read_json, require_file, write_json
from bali.linking.dictionary import Dictionary, index_names
from bali.linking.guard import Unspecific, find_unspecific
from bali.linking.settings import NameSettings
from bali.linking.types import ranks_of_types
from bali.linking.variants import STEPS, Variants, read_equivalents
from bali.storage import read_table

REMEDY = "build it, whatever linking.method is: `snakemake --cores 2 linking_names`"


@dataclass(frozen=True)
class NameTables:
    """Where names come from.

    Attributes:
        names: table `names`.
        heldout: table `heldout`.
        semantic_types: table `semantic_types`.
        equivalents: resources/equivalent_words.tsv.
        groups: resources/semantic_groups.tsv.
    """

    names: Path
    heldout: Path
    semantic_types: Path
    equivalents: Path
    groups: Path


@dataclass(frozen=True)
class Lexicon:
    """What the linker knows of names.

    Attributes:
        dictionary: names and variants.
        variants: makes the keys of text.
        unspecific: what is no mention though it is a name.
        concepts: columns cui and name, by CUI; those that may be mentions.
        made_with: the settings that it depends on, and equivalent words.
        names: how many were read, looked for, and dropped by reason.
    """

    dictionary: Dictionary
    variants: Variants
    unspecific: Unspecific
    concepts: pa.Table
    made_with: dict[str, Any]
    names: dict[str, int]

    def write(self, folder: Path) -> None:
        """Write all files."""
        self.dictionary.write(folder)
        with atomic_path(folder / "concepts.arrow") as part, pa.OSFile(str(part), "wb") as sink:
            with pa.ipc.new_file(sink, self.concepts.schema) as writer:
                writer.write_table(self.concepts.combine_chunks())
        write_json(
            folder / "lexicon.json",
            {
                "made_with": self.made_with,
                "names": self.names,
                "acronyms": sorted(self.unspecific.acronyms),
                "unspecific": sorted(self.unspecific.words),
            },
        )


def make_lexicon(tables: NameTables, settings: NameSettings) -> Lexicon:
    """Index the names of concepts that may be mentions.

    Raises:
        InputError: a file is missing or holds something else, or a semantic type is none.
    """
    names = read_table("names", tables.names, ["cui", "name", "preferred"])
    ranks = ranks_of_types(tables.semantic_types, tables.groups, settings.semantic_types)
    if ranks is not None:
        names = names.filter(pc.is_in(names["cui"], pa.array(list(ranks), pa.string())))
    equivalents = read_equivalents(tables.equivalents)
    made_with = _depends_on(settings) | {"equivalents": equivalents}
    variants = Variants(made_with["steps"], equivalents)
    cuis, texts, preferred = (column.to_pylist() for column in names.columns)
    dictionary, counts = index_names(
        (cuis, texts, preferred),
        read_table("heldout", tables.heldout, ["name"])["name"].to_pylist(),
        variants,
        min_characters=settings.min_characters,
        max_words=settings.max_words,
        type_ranks=ranks,
    )
    chosen: dict[str, str] = {}
    for cui, text, is_preferred in zip(cuis, texts, preferred, strict=True):
        if is_preferred or cui not in chosen:
            chosen[cui] = text
    concepts = pa.table(
        {"cui": pa.array(sorted(chosen)), "name": pa.array([chosen[cui] for cui in sorted(chosen)])}
    )
    unspecific = find_unspecific(texts, variants)
    return Lexicon(dictionary, variants, unspecific, concepts, made_with, counts)


def open_lexicon(folder: Path, settings: NameSettings | None = None) -> Lexicon:
    """Map what `Lexicon.write` wrote into memory.

    Args:
        folder: where it is.
        settings: those that it must have been made with; None takes it as it is.

    Raises:
        InputError: a file is missing or holds something else, or the settings are others.
    """
    path = require_file(folder / "lexicon.json", REMEDY)
    found = read_json(path)
    if not isinstance(found, dict) or "made_with" not in found:
        raise InputError(f"{path}: no lexicon; {REMEDY}")
    made_with = found["made_with"]
    for name, value in (_depends_on(settings) if settings else {}).items():
        if made_with[name] != value:
            raise InputError(
                f"{folder}: made with linking.{name} {made_with[name]}, not {value}; make it again "
                "with the config in use: `snakemake --cores 2 linking_names`"
            )
    variants = Variants(made_with["steps"], made_with["equivalents"])
    concepts = require_file(folder / "concepts.arrow", REMEDY)
    return Lexicon(
        Dictionary.open(folder, any_order=variants.any_order),
        variants,
        Unspecific(frozenset(found["acronyms"]), frozenset(found["unspecific"])),
        pa.ipc.open_file(pa.memory_map(str(concepts))).read_all(),
        made_with,
        found["names"],
    )


def _depends_on(settings: NameSettings) -> dict[str, Any]:
    return {
        "min_characters": settings.min_characters,
        "max_words": settings.max_words,
        "steps": [step for step in STEPS if step in settings.steps],
        "semantic_types": list(settings.semantic_types),
    }
