"""A hand-made META of invented concepts, of two folders, and the settings of its tests."""

import gzip
from pathlib import Path

from bali.umls import heldout
from bali.umls.settings import Settings

OUTPUTS = (
    "concepts", "names", "codes", "semantic_types", "definitions", "relations", "retired",
    "rejects", "heldout",
)  # fmt: skip
C1, C2, C3, C4, C9 = "C0000001", "C0000002", "C0000003", "C0000004", "C0000009"
OLD = "C0000090"
SETTINGS = Settings(("ENG", "GER"), ("O", "E", "Y"), heldout.Settings(3, 1.0, 29))


def write_meta(folder: Path, rows) -> list[Path]:
    """Two META folders; the second one, all of it compressed, holds one more source of C1."""
    conso, rel, sty, definition = (rows[k] for k in ("conso", "rel", "sty", "definition"))
    files = {
        "first/META/MRCONSO.RRF": [
            conso(C1, "Glimmer fever", status="P PF Y", sab="BBB", tty="PT", code="b1"),
            conso(C1, "Glimmer fever", sab="AAA", tty="SY", code="a1"),  # not the preferred row
            conso(C1, "fever, glimmering", sab="CCC", code="c1"),
            conso(C1, "GLIMMER-FEVER", sab="CCC", code="c1"),  # same normal form, another name
            conso(C1, "old glimmer", suppress="O"),
            conso(C1, "fièvre", lat="FRE"),
            conso(C2, "NA", sab="BBB", tty="SY"),  # no preferred row: lowest sab, tty, name
            conso(C2, "null", sab="AAA", tty="SY", code=""),
            conso(C2, '"', sab="AAA", tty="SY"),
            conso(C3, "drab ague", status="P PF Y"),
            conso(C3, "", sab="AAA"),
            conso(C4, "seulement", lat="FRE", status="P PF Y"),
        ],
        "first/META/MRREL.RRF": [
            rel(C1, "CHD", C2, "isa", sab="BBB"),
            rel(C1, "CHD", C2, "isa", sab="AAA"),
            rel(C2, "PAR", C1, "inverse_isa"),
            rel(C1, "RO", C1),
            rel(C1, "RO", C9),
            rel(C4, "RO", C1),
            rel(C2, "RO", C9, suppress="O"),  # suppressed comes before unknown
            rel(C3, "RO", C2),
        ],
        "first/META/MRSTY.RRF": [
            sty(C1, "T047", "Disease or Syndrome"),
            sty(C1, "T047", "Disease or Syndrome"),
            sty(C9, "T033", "Finding"),
        ],
        "first/META/MRCUI.RRF": [
            rows["cui"](OLD, "SY", C1),
            rows["cui"](OLD, "SY", C1, version="2001AA"),  # in two releases
            rows["cui"](C3, "SY", C1),  # still a concept
            rows["cui"]("C0000091", "SY", C9),
            rows["cui"]("C0000092", "SY", C1),
            rows["cui"]("C0000092", "SY", C2),
            rows["cui"]("C0000093", "DEL", ""),
            rows["cui"]("C0000094", "RB", C1),
            rows["cui"]("C0000094", "RN", C2),
            rows["cui"]("C0000095", "RO", C2),
            rows["cui"]("C0000096", "SUBX", C2),
        ],
        "first/META/MRDEF.RRF": [
            definition(C1, 'A "bright" heat.'),
            definition(C2, "Gone.", suppress="Y"),
            definition(C4, "Unknown."),
        ],
        "second/META/MRCONSO.RRF": [conso(C1, "Glimmerfieber", lat="GER", sab="DDD", code="d1")],
        "second/META/MRREL.RRF": [],
        "second/META/MRSTY.RRF": [],
        "second/META/MRDEF.RRF": [],
    }
    for name, lines in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = "".join(line + "\n" for line in lines).encode()
        if name.startswith("second"):
            Path(f"{path}.gz").write_bytes(gzip.compress(content))
        else:
            path.write_bytes(content)
    return [folder / "first/META", folder / "second/META"]
