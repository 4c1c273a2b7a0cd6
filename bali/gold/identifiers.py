"""Identifiers of gold and pre-tagged corpora -> concepts: MeSH, OMIM and others, written anyhow.

An identifier is a vocabulary and a code: `MESH:D003920`, also written `D003920`; `OMIM:114480`. A
CUI stands for itself. What stands for what comes from tables: files of two columns or more such as
`mesh_id<TAB>cuis` (CUIs joined by a pipe; the vocabulary is the first column's name without
`_id`), or the table `codes` of a knowledge base, by its sources.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path

from bali.errors import InputError
from bali.files import require_file
from bali.storage import read_table

# Vocabularies as corpora write them -> sources of UMLS (MRCONSO.SAB).
SOURCES = {
    "MESH": "MSH",
    "OMIM": "OMIM",
    "NCBITAXON": "NCBI",
    "CELLOSAURUS": "NCI_CELLOSAURUS",
    "HP": "HPO",
    "HGNC": "HGNC",
    "CHEBI": "CHEBI",
    "DOID": "DOID",
    "SNOMEDCT": "SNOMEDCT_US",
    "NCIT": "NCI",
}
_CUI = re.compile(r"(?:UMLS:)?(C[0-9]{7})")
_BARE_MESH = re.compile(r"[CD](?:[0-9]{6}|[0-9]{9})")  # descriptors and supplementary concepts


class Identifiers:
    """Which concepts an identifier stands for; a heuristic where several do."""

    def __init__(self, concepts: Collection[str]) -> None:
        """Begin without any identifier.

        Args:
            concepts: CUIs of the knowledge base; others are never an answer.
        """
        self._concepts = concepts
        self._cuis: defaultdict[str, set[str]] = defaultdict(set)
        self._successors: dict[str, str] = {}

    def cuis(self, identifier: str) -> frozenset[str]:
        """Concepts that an identifier stands for; none if it is not known."""
        if cui := _CUI.fullmatch(identifier):
            return frozenset(self._present([cui[1]]))
        return frozenset(self._cuis.get(canonical(identifier), ()))

    def add(self, identifier: str, cuis: Iterable[str]) -> None:
        """State that an identifier stands for each of some concepts."""
        if known := self._present(cuis):
            self._cuis[canonical(identifier)].update(known)

    def _present(self, cuis: Iterable[str]) -> list[str]:
        """Those of some CUIs that are concepts, retired ones by their successors."""
        present = (self._successors.get(cui, cui) for cui in cuis)
        return [cui for cui in present if cui in self._concepts]

    def add_retired(self, path: Path) -> None:
        """Read a table `retired`, so that a CUI of an older release stands for its successor.

        Before what is added by files, whose CUIs may be as old.

        Raises:
            InputError: the file is missing or holds another table.
        """
        rows = read_table("retired", path)
        pairs = zip(rows["cui"].to_pylist(), rows["successor"].to_pylist(), strict=True)
        self._successors.update(pairs)

    def add_file(self, path: Path) -> None:
        """Read a file of identifiers: a header `<vocabulary>_id` and `cuis`, parted by tabs.

        Raises:
            InputError: the file is missing, its header is another, or a CUI is none.
        """
        require_file(path, "give a file with the columns <vocabulary>_id and cuis")
        with path.open(encoding="utf-8", newline="") as stream:
            rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
            header = list(rows.fieldnames or [""])
            if not header[0].endswith("_id") or "cuis" not in header:
                raise InputError(
                    f"{path}: columns {', '.join(header)}; the first must be <vocabulary>_id, as "
                    "in mesh_id, and one must be cuis"
                )
            vocabulary = header[0].removesuffix("_id")
            for row in rows:
                cuis = (row["cuis"] or "").split("|")
                if not all(_CUI.fullmatch(cui) for cui in cuis):
                    raise InputError(
                        f"{path}: line {rows.line_num}: {row['cuis']!r} is no list of CUIs joined "
                        "by |"
                    )
                self.add(f"{vocabulary}:{row[header[0]]}", cuis)

    def add_codes(self, path: Path) -> None:
        """Read a table `codes`: the sources of SOURCES under the vocabularies' own names.

        Raises:
            InputError: the file is missing or holds another table.
        """
        vocabularies = {sab: vocabulary for vocabulary, sab in SOURCES.items()}
        codes = read_table("codes", path)
        for cui, sab, code in zip(*(codes[c].to_pylist() for c in codes.column_names), strict=True):
            if vocabulary := vocabularies.get(sab):
                self.add(f"{vocabulary}:{code}", [cui])


def canonical(identifier: str) -> str:
    """One way to write an identifier: `mesh:d003920`, with the vocabulary named once.

    HPO, ChEBI and others carry their name in the code (`HP:0000001`); it is not doubled.
    """
    if _BARE_MESH.fullmatch(identifier):
        return f"mesh:{identifier.lower()}"
    parts = [part.strip().lower() for part in identifier.split(":")]
    if len(parts) > 2 and parts[0] == parts[1]:
        del parts[0]
    return ":".join(parts)


def vocabulary(identifier: str) -> str:
    """The vocabulary of an identifier in capitals, as in MESH; empty if it names none."""
    prefix, colon, _ = canonical(identifier).partition(":")
    return prefix.upper() if colon else ""
