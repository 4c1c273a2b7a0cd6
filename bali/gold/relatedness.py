"""Reads pairs of concepts that people rated by how related, or how similar, they are.

Two layouts, told apart by their columns:

- EHR-Rel (Schulz et al. 2020, aclanthology.org/2020.coling-main.573), tabs:
  snomed_label_1, snomed_label_2, mean_rating, CUI_1, CUI_2 and others.
- UMNSRS (Pakhomov et al. 2010, AMIA Annual Symposium, 572-576), commas: Mean, Stdev, Term1, Term2,
  CUI1, CUI2; also as changed for word vectors (mod449) with further columns.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import NamedTuple

from bali.errors import InputError
from bali.files import require_file


class Layout(NamedTuple):
    """Names of the columns."""

    term_1: str
    term_2: str
    rating: str
    cui_1: str
    cui_2: str


LAYOUTS = (
    Layout("snomed_label_1", "snomed_label_2", "mean_rating", "CUI_1", "CUI_2"),
    Layout("Term1", "Term2", "Mean", "CUI1", "CUI2"),
)


class RatedPair(NamedTuple):
    """Two terms and their mean rating; higher is more related. A CUI may be empty."""

    term_1: str
    term_2: str
    rating: float
    cui_1: str
    cui_2: str


def read_pairs(path: Path) -> list[RatedPair]:
    """Read rated pairs.

    Raises:
        InputError: the file is missing, its columns are those of no layout, or a row is broken.
    """
    require_file(path, "give rated pairs in EHR-Rel's or UMNSRS's layout")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        try:
            header = stream.readline()
            stream.seek(0)
            rows = csv.DictReader(stream, delimiter="\t" if "\t" in header else ",", strict=True)
            columns = [column.strip() for column in rows.fieldnames or []]
            rows.fieldnames = columns
            layout = next((one for one in LAYOUTS if set(one) <= set(columns)), None)
            if layout is None:
                raise InputError(
                    f"{path}: columns {', '.join(columns)}; must be those of EHR-Rel "
                    f"({', '.join(LAYOUTS[0])}) or of UMNSRS ({', '.join(LAYOUTS[1])})"
                )
            pairs = [_pair(row, layout, f"{path}: line {rows.line_num}") for row in rows]
        except (csv.Error, UnicodeDecodeError) as error:
            raise InputError(f"{path}: cannot be read ({error}); convert it to UTF-8") from None
    if not pairs:
        raise InputError(f"{path}: holds no pair")
    return pairs


def _pair(row: dict[str, str | None], layout: Layout, where: str) -> RatedPair:
    values = [(row[column] or "").strip() for column in layout]
    term_1, term_2, written, cui_1, cui_2 = values
    try:
        rating = float(written)
    except ValueError:
        rating = math.nan
    if not (term_1 and term_2 and math.isfinite(rating)):
        raise InputError(
            f"{where}: terms {term_1!r} and {term_2!r} with the rating {written!r}; give two terms "
            "and a number"
        )
    return RatedPair(term_1, term_2, rating, cui_1, cui_2)
