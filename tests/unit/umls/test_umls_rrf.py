"""RRF rows come through as they stand, or the first bad one is named."""

import pytest

from bali.errors import InputError
from bali.umls.rrf import LAYOUTS, read_rrf, reject_malformed, require_rrf

pytestmark = pytest.mark.xdist_group("spark")

HOSTILE = [
    "NA", "null", "nan", "None", '"', '""', 'opens "quote', "'", "ends in \\", "\\", "\\N", "#x",
    " lead and trail ", "tab\there", "lone\rreturn", "line\u2028separator", "\x85", "ß é 漢字 🙂",
    "a,b", "{x}", "//", "0", "-", "",
]  # fmt: skip


def write(path, rows, end="\n"):
    path.write_bytes("".join(row + end for row in rows).encode())
    return path


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_every_value_survives(work, tmp_path, end):
    rows = [f"C{n:07d}|T001|{value}|x|||" for n, value in enumerate(HOSTILE)]
    path = write(tmp_path / "MRSTY.RRF", rows, end)
    found = read_rrf(work.spark, "MRSTY", [path]).orderBy("cui").collect()
    assert [row["stn"] for row in found] == HOSTILE
    assert {(row["tui"], row["cvf"], row["malformed"]) for row in found} == {("T001", "", False)}


def test_files_are_read_one_after_the_other(work, tmp_path):
    paths = [write(tmp_path / f"{n}.RRF", [f"C{n}|T1|a|b|c||"]) for n in range(3)]
    found = {row["cui"] for row in read_rrf(work.spark, "MRSTY", paths).collect()}
    assert found == {"C0", "C1", "C2"}


BAD = {
    "short": (b"C2|T1|a|b||", "line 2: 5 fields, but a row of MRSTY has 6"),
    "long": (b"C2|T1|a|b|c|d|e|", "line 2: 7 fields, but a row of MRSTY has 6"),
    "no pipe at the end": (b"C2|T1|a|b|c|d", "line 2: 5 fields and 1 bytes after the last pipe"),
    "blank": (b"", "line 2: 0 fields, but a row of MRSTY has 6"),
    "not UTF-8": (b"C2|T1|a|b\xff|c||", "line 2: byte 9 is not UTF-8"),
}


@pytest.mark.parametrize(("row", "message"), BAD.values(), ids=BAD)
def test_a_bad_row_is_marked_and_named(work, tmp_path, row, message):
    good, path = write(tmp_path / "good.RRF", ["C0|T1|a|b|c||"]), tmp_path / "MRSTY.RRF"
    path.write_bytes(b"C1|T1|a|b|c||\r\n" + row + b"\nC3|T1|a|b|c||\n")
    found = read_rrf(work.spark, "MRSTY", [good, path]).groupBy("malformed").count().collect()
    assert {(row["malformed"], row["count"]) for row in found} == {(True, 1), (False, 3)}
    with pytest.raises(InputError) as error:
        reject_malformed("MRSTY", [good, path])
    assert str(error.value).startswith(f"{path}, {message}")


def test_a_missing_file_is_named_with_the_remedy(tmp_path):
    with pytest.raises(InputError, match=r"MRREL\.RRF: no such file; UMLS is yours to download"):
        require_rrf([tmp_path / "MRREL.RRF"])


def test_layouts_have_the_published_widths():
    widths = {table: len(columns) for table, columns in LAYOUTS.items()}
    assert widths == {"MRCONSO": 18, "MRREL": 16, "MRSTY": 6, "MRDEF": 8}


def test_the_layout_fits_files_that_others_made(work, shared):
    path = shared / "doid" / "META" / "MRCONSO.RRF"
    found = read_rrf(work.spark, "MRCONSO", [path])
    assert found.where("malformed").count() == 0
    row = found.where("str = 'abetalipoproteinemia' and tty = 'PT'").collect()[0]
    assert (row["cui"], row["sab"], row["code"], row["suppress"]) == (
        ("C0000744", "DOID", "DOID:1386", "N")
    )
