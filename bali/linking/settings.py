"""The section `linking` of the config, as far as it concerns finding mentions."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from bali.errors import InputError
from bali.linking.variants import STEPS as VARIANTS

# What can be left out beside the steps that make variants (bali/linking/variants.py).
FEATURES = {
    "abbreviations": "short forms are read as the document explains them",
    "document": "of the concepts of one name, one that the document names otherwise comes first",
    "guard": "acronyms in another case and unspecific words are no mentions",
    "head": "the concept of a given span may be that of its last words",
    "candidates": "spans near to a name are mentions too",
}
STEPS = (*VARIANTS, *FEATURES)


@dataclass(frozen=True, kw_only=True)
class NameSettings:
    """Settings that the lexicon depends on.

    Attributes:
        min_characters: shortest name that is looked for in text.
        max_words: longest name that is looked for, words.
        steps: some of STEPS; those of bali/linking/variants.py count here.
        semantic_types: TUIs or groups of concepts that are mentions, the preferred first; none
            allows all.
    """

    min_characters: int
    max_words: int
    steps: tuple[str, ...]
    semantic_types: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse steps that are none.

        Raises:
            InputError: a step is not known.
        """
        if unknown := [step for step in self.steps if step not in STEPS]:
            raise InputError(f"linking.steps: {unknown[0]!r} is none of {', '.join(STEPS)}")

    @classmethod
    def of(cls, args: argparse.Namespace) -> Self:
        """Settings from flags."""
        return cls(**_lists({field.name: getattr(args, field.name) for field in fields(cls)}))


@dataclass(frozen=True, kw_only=True)
class Settings(NameSettings):
    """Settings of the linker.

    Attributes:
        max_span_words: longest span that is no name but may be near to one, words.
        neighbours: nearest names that count for a span.
        threshold: least cosine of a candidate.
        max_candidates: candidates kept for a mention.
    """

    max_span_words: int
    neighbours: int
    threshold: float
    max_candidates: int

    def without(self, step: str) -> Settings:
        """The same settings with one step left out."""
        left = tuple(other for other in self.steps if other != step)
        return Settings(**{**asdict(self), "steps": left})


def add_name_settings(parser: argparse.ArgumentParser) -> None:
    """Flags of the settings that the lexicon depends on."""
    parser.add_argument("--min-characters", type=int, required=True, help="shortest name")
    parser.add_argument("--max-words", type=int, required=True, help="longest name")
    parser.add_argument("--steps", nargs="*", required=True, help=", ".join(STEPS))
    parser.add_argument(
        "--semantic-types", nargs="*", default=[], metavar="TYPE",
        help="TUIs or groups that are mentions, the preferred first; none allows all",
    )  # fmt: skip


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Flags of all settings."""
    add_name_settings(parser)
    parser.add_argument("--max-span-words", type=int, required=True, help="longest other span")
    parser.add_argument("--neighbours", type=int, required=True, help="nearest names that count")
    parser.add_argument("--threshold", type=float, required=True, help="least cosine")
    parser.add_argument("--max-candidates", type=int, required=True, help="kept for a mention")


def from_config(section: Mapping[str, Any]) -> Settings:
    """Settings from the section `linking` of a config, whose keys are all there."""
    return Settings(**_lists({field.name: section[field.name] for field in fields(Settings)}))


def _lists(values: dict[str, Any]) -> dict[str, Any]:
    return values | {name: tuple(values[name]) for name in ("steps", "semantic_types")}
