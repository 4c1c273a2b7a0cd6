"""What a META folder holds: forms of a table on disk, columns and totals of MRFILES."""

import gzip

import pytest

from bali.errors import InputError
from bali.umls.release import (
    LAYOUTS,
    find_table,
    find_tables,
    join_pieces,
    read_mrfiles,
    read_rows,
    release_files,
    rrf_files,
)


def touch(folder, *names):
    for name in names:
        (folder / name).write_bytes(b"")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["MRREL.RRF"], ["MRREL.RRF"]),
        (["MRREL.RRF.gz"], ["MRREL.RRF.gz"]),
        (["MRREL.RRF.ab.gz", "MRREL.RRF.aa.gz"], ["MRREL.RRF.aa.gz", "MRREL.RRF.ab.gz"]),
        (["MRREL.RRF.aa", "MRREL.RRF.ab.gz"], ["MRREL.RRF.aa", "MRREL.RRF.ab.gz"]),
        (["MRREL.RRF.aaa", "MRREL.RRF.aab"], ["MRREL.RRF.aaa", "MRREL.RRF.aab"]),
        (["MRRELX.RRF", "MRREL.RRF.md5", "MRREL.RRF.aa.bak", "xMRREL.RRF"], []),
    ],
)
def test_a_table_is_one_file_or_its_pieces_in_order(tmp_path, names, expected):
    touch(tmp_path, *names)
    assert [path.name for path in rrf_files(tmp_path, "MRREL")] == expected


def test_the_27th_piece_follows_the_26th(tmp_path):
    names = [f"MRREL.RRF.a{c}" for c in "abcdefghijklmnopqrstuvwxyz"] + ["MRREL.RRF.ba"]
    touch(tmp_path, *names)
    assert [path.name for path in rrf_files(tmp_path, "MRREL")] == names


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["MRREL.RRF", "MRREL.RRF.gz"], r"MRREL\.RRF.*: MRREL\.RRF.* is there too; remove one"),
        (["MRREL.RRF", "MRREL.RRF.aa"], r"MRREL\.RRF: its pieces are there too"),
        (["MRREL.RRF.aa", "MRREL.RRF.ac"], r"MRREL\.RRF\.ab: no such piece, but there is .*ac"),
        (["MRREL.RRF.ab"], r"MRREL\.RRF\.aa: no such piece"),
    ],
)
def test_two_forms_of_a_table_or_a_gap_are_refused(tmp_path, names, message):
    touch(tmp_path, *names)
    with pytest.raises(InputError, match=message):
        rrf_files(tmp_path, "MRREL")


def mrfiles(folder, **tables):
    """MRFILES.RRF of tables given as (columns, rows, bytes)."""
    lines = [
        f"{name}.RRF|what it is|{columns}|{columns.count(',') + 1}|{rows}|{size}|\n"
        for name, (columns, rows, size) in tables.items()
    ]
    (folder / "MRFILES.RRF").write_text("".join(lines))


def test_mrfiles_states_columns_rows_and_bytes(tmp_path):
    mrfiles(tmp_path, MRSTY=("TUI,CUI,STY", 7, 99))
    (tmp_path / "MRSTY.RRF").touch()
    stated = read_mrfiles(tmp_path)["MRSTY"]
    assert (stated.columns, stated.rows, stated.bytes) == (("tui", "cui", "sty"), 7, 99)
    table = find_table(tmp_path, "MRSTY", read_mrfiles(tmp_path))
    assert table.columns == ("tui", "cui", "sty") and table.plain


def test_without_mrfiles_the_published_layout_holds(tmp_path):
    (tmp_path / "MRREL.RRF.gz").touch()
    table = find_table(tmp_path, "MRREL", read_mrfiles(tmp_path))
    assert table.columns == LAYOUTS["MRREL"] and table.stated is None and not table.plain
    assert {name: len(columns) for name, columns in LAYOUTS.items()} == {
        "MRCONSO": 18, "MRREL": 16, "MRSTY": 6, "MRDEF": 8, "MRCUI": 7,
    }  # fmt: skip


def test_a_table_without_a_column_that_we_need_is_refused(tmp_path):
    mrfiles(tmp_path, MRSTY=("CUI,STY", 7, 99))
    (tmp_path / "MRSTY.RRF").touch()
    with pytest.raises(InputError, match=r"MRFILES\.RRF: MRSTY\.RRF has no column TUI"):
        find_table(tmp_path, "MRSTY", read_mrfiles(tmp_path))


def test_a_bad_line_of_mrfiles_is_named(tmp_path):
    (tmp_path / "MRFILES.RRF").write_text("MRSTY.RRF|x|CUI,TUI,STY|3|seven|99|\n")
    with pytest.raises(InputError, match=r"MRFILES\.RRF, line 1: .*seven.* is no FIL"):
        read_mrfiles(tmp_path)


def test_mrcols_must_agree_with_mrfiles(tmp_path):
    mrfiles(tmp_path, MRSTY=("CUI,TUI,STY", 7, 99))
    rows = [f"{column}|d||1|1.00|9|MRSTY.RRF|char(8)|\n" for column in ("CUI", "TUI")]
    (tmp_path / "MRCOLS.RRF").write_text("".join(rows))
    with pytest.raises(InputError, match=r"columns of MRSTY\.RRF are not those of MRCOLS.*STY"):
        read_mrfiles(tmp_path)
    (tmp_path / "MRCOLS.RRF").write_text("".join([*rows, "STY|d||1|1.00|9|MRSTY.RRF|char(8)|\n"]))
    assert set(read_mrfiles(tmp_path)) == {"MRSTY"}


def test_only_mrcui_may_be_missing(tmp_path):
    touch(tmp_path, *(f"{name}.RRF" for name in LAYOUTS if name != "MRCUI"))
    assert find_tables([tmp_path])["MRCUI"] == []
    assert len(release_files(tmp_path)) == 4
    mrfiles(tmp_path, MRCUI=("CUI1,REL,CUI2", 7, 99))
    with pytest.raises(InputError, match=r"MRCUI\.RRF: no such file"):
        find_tables([tmp_path])  # MRFILES states rows of it: retired CUIs would be lost in silence
    (tmp_path / "MRFILES.RRF").unlink()
    (tmp_path / "MRDEF.RRF").unlink()
    with pytest.raises(InputError, match=r"MRDEF\.RRF: no such file; UMLS is yours to download"):
        find_tables([tmp_path])


def test_rows_cut_by_pieces_are_whole_again_and_belong_to_where_they_start(tmp_path):
    content = [b"first|\nsec", b"", b"ond|", b"\nthird|\r\nfourth|"]
    paths = [tmp_path / f"T.RRF.a{c}.gz" for c in "abcd"]
    for path, part in zip(paths, content, strict=True):
        path.write_bytes(gzip.compress(part))
    assert list(read_rows(paths)) == [
        (paths[0], 1, b"first|"),
        (paths[0], 2, b"second|"),
        (paths[3], 2, b"third|"),
        (paths[3], 3, b"fourth|"),
    ]
    join_pieces(paths, tmp_path / "joined")
    assert (tmp_path / "joined").read_bytes() == b"".join(content)


@pytest.mark.parametrize(
    "broken",
    [b"no gzip", gzip.compress(b"row|\n" * 999)[:-12]],
    ids=["no gzip", "cut"],  # a gzip holds the time: without a name xdist's workers would differ
)
def test_a_broken_gz_is_named(tmp_path, broken):
    path = tmp_path / "MRREL.RRF.gz"
    path.write_bytes(broken)
    with pytest.raises(InputError, match=r"MRREL\.RRF\.gz: broken gzip file"):
        list(read_rows([path]))
    with pytest.raises(InputError, match=r"MRREL\.RRF\.gz: broken gzip file"):
        join_pieces([path], tmp_path / "joined")
