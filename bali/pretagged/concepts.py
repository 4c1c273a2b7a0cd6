"""Which concepts the identifiers of pre-tagged files stand for, by the tables of the umls stage.

Only what the files name is looked up: memory follows the distinct identifiers, not the tables.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from bali.errors import InputError
from bali.files import require_file
from bali.pretagged.vocabularies import UMLS, Code, Identifier, Vocabularies
from bali.storage import stream_table
from bali.text import normalise


@dataclass(frozen=True)
class Tables:
    """Tables of the umls stage, and files that say which identifiers are the same.

    Attributes:
        concepts: table `concepts`.
        codes: table `codes`.
        retired: table `retired`.
        names: table `names`.
        maps: files with columns <vocabulary>_id, as HGNC's complete set (hgnc_id, entrez_id), and
            perhaps cuis.
    """

    concepts: Path
    codes: Path
    retired: Path
    names: Path
    maps: Sequence[Path]


class Concepts:
    """Identifier -> concepts."""

    def __init__(
        self,
        identifiers: Collection[Identifier],
        tables: Tables,
        vocabularies: Vocabularies,
        ranks: Mapping[str, int] | None,
    ) -> None:
        """Look identifiers up.

        Args:
            identifiers: those that the files name.
            tables: where they are looked up.
            vocabularies: the codes that they have in UMLS.
            ranks: CUI -> place of its semantic type; others are no concept; None allows all.

        Raises:
            InputError: a file is missing or holds something else.
        """
        self._ranks = ranks
        same, cuis = _read_maps(tables.maps, set(identifiers), vocabularies)
        codes: defaultdict[Code, set[Identifier]] = defaultdict(set)
        for identifier in identifiers:
            for other in (identifier, *sorted(same[identifier])):
                if other.vocabulary == UMLS:
                    cuis[identifier].add(other.code)
                elif code := vocabularies.target(other):
                    codes[code].add(identifier)
        for code, cui in _codes(tables.codes, codes):
            for identifier in codes[code]:
                cuis[identifier].add(cui)
        present = self._present(set().union(*cuis.values()), tables)
        self._cuis = {
            identifier: frozenset(present[cui] for cui in found if cui in present)
            for identifier, found in cuis.items()
        }
        several = {cui for found in self._cuis.values() if len(found) > 1 for cui in found}
        self._names = _names(tables.names, several)

    def of(self, identifiers: Sequence[Identifier], text: str) -> list[str]:
        """The concepts of a mention, the best first.

        Identifiers keep their order. Of several concepts of one, those of the preferred semantic
        type come first, then those that have the mention's text as a name, then the lower CUI.

        Args:
            identifiers: of the mention.
            text: of the mention.
        """
        if len(identifiers) == 1 and len(only := self._cuis.get(identifiers[0], ())) == 1:
            return [cui for cui in only if self._ranks is None or cui in self._ranks]
        form = normalise(text)
        ranks = self._ranks or {}

        def order(cui: str) -> tuple[int, bool, str]:
            return ranks.get(cui, 0), form not in self._names.get(cui, ()), cui

        found = (
            cui
            for identifier in identifiers
            for cui in sorted(self._cuis.get(identifier, ()), key=order)
        )
        return [cui for cui in dict.fromkeys(found) if self._ranks is None or cui in self._ranks]

    def known(self, identifiers: Sequence[Identifier]) -> bool:
        """Whether some identifier stands for a concept, of whatever semantic type."""
        return any(self._cuis.get(identifier) for identifier in identifiers)

    @staticmethod
    def _present(cuis: set[str], tables: Tables) -> dict[str, str]:
        """CUI -> itself if it is a concept, or the concept that took its place."""
        present = {cui: cui for cui in _matching("concepts", tables.concepts, "cui", cuis)["cui"]}
        rows = _matching("retired", tables.retired, "cui", cuis.difference(present))
        return present | dict(zip(rows["cui"], rows["successor"], strict=True))


def _matching(table: str, path: Path, column: str, wanted: Collection[str]) -> dict[str, list[str]]:
    """Columns of the rows of a table whose value in a column is wanted."""
    values = pa.array(sorted(wanted), pa.string())
    found: dict[str, list[str]] = defaultdict(list)
    for batch in stream_table(table, path):
        rows = batch.filter(pc.is_in(batch[column], values))
        for name in rows.schema.names:
            found[name] += rows[name].to_pylist()
    return found


def _codes(path: Path, wanted: Collection[Code]) -> list[tuple[Code, str]]:
    rows = _matching("codes", path, "code", {code.code for code in wanted})
    pairs = zip(rows["sab"], rows["code"], rows["cui"], strict=True)
    found = ((Code(sab, code), cui) for sab, code, cui in pairs)
    return [(code, cui) for code, cui in found if code in wanted]


def _names(path: Path, cuis: set[str]) -> dict[str, set[str]]:
    """CUI -> normal forms of its names."""
    values = pa.array(sorted(cuis), pa.string())
    found: dict[str, set[str]] = defaultdict(set)
    for batch in stream_table("names", path, ["cui", "name"]):
        rows = batch.filter(pc.is_in(batch["cui"], values))
        for cui, name in zip(rows["cui"].to_pylist(), rows["name"].to_pylist(), strict=True):
            found[cui].add(normalise(name))
    return found


Same = defaultdict[Identifier, set[Identifier]]
Cuis = defaultdict[Identifier, set[str]]


def _read_maps(
    paths: Sequence[Path], wanted: set[Identifier], vocabularies: Vocabularies
) -> tuple[Same, Cuis]:
    """What files say about wanted identifiers: others that are the same, and concepts."""
    same: Same = defaultdict(set)
    cuis: Cuis = defaultdict(set)
    for path in paths:
        require_file(path, "correct linking.pretagged.maps in the config")
        with path.open(encoding="utf-8", newline="") as stream:
            rows = csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
            try:
                header = next(rows, [])
                columns = {
                    number: vocabulary
                    for number, name in enumerate(header)
                    if name.endswith("_id") and (vocabulary := vocabularies.of_column(name))
                }
                cui = header.index("cuis") if "cuis" in header else None
                if not columns or (cui is None and len(columns) < 2):
                    raise InputError(
                        f"{path}: columns {', '.join(header)[:200]}; two must be identifiers, as "
                        "hgnc_id and entrez_id, or one and cuis"
                    )
                for row in rows:
                    ids = {
                        vocabularies.one(row[number].strip(), vocabulary)
                        for number, vocabulary in columns.items()
                        if number < len(row) and row[number].strip()
                    }
                    known = ids & wanted
                    for identifier in known:
                        same[identifier] |= ids - {identifier}
                        if cui is not None and cui < len(row):
                            cuis[identifier] |= set(filter(None, row[cui].split("|")))
            except (csv.Error, UnicodeDecodeError) as error:
                raise InputError(
                    f"{path}: no table of UTF-8 text parted by tabs ({error})"
                ) from None
    return same, cuis
