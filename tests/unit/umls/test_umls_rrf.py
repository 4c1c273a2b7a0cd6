"""RRF rows come through as they stand, however the files lie on disk; bad ones are set aside."""

from collections import Counter
from hashlib import sha256
from itertools import count

import pytest
from hostile_rrf import Shape, shapes, tables, write_rrf
from hypothesis import HealthCheck, example, given, settings

from bali.errors import InputError
from bali.storage import read_table
from bali.umls import names
from bali.umls.rejects import check_share, write_rejects
from bali.umls.release import LAYOUTS, NEEDED, find_table, read_mrfiles
from bali.umls.rrf import read_rrf
from bali.umls.spark import Workspace
from bali.umls.staging import Kinds, stage

pytestmark = pytest.mark.xdist_group("spark")
REASONS = {
    "short": {"too few fields"},
    "long": {"too many fields"},
    "not UTF-8": {"not UTF-8"},
    "no CUI": {"CUI is no CUI"},
}
fresh = count()


def parsed(tables, work):
    """Rows as Spark parses them and the stage reads them: columns, and `kind`, a tuple or None."""
    rows = [read_rrf(table, place, work) for place, table in enumerate(tables)]
    kinds, found = Kinds(), []
    for columns, numbers in stage(rows, tables, work).read(kinds):
        values = [*kinds, None]
        found += [
            {**row, "kind": values[number]}
            for row, number in zip(columns.to_pylist(), numbers, strict=True)
        ]
    return found


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=tables(LAYOUTS["MRSTY"]), shape=shapes())
@example(rows=[], shape=Shape())
def test_every_value_of_hostile_rows_comes_back_and_every_bad_row_is_set_aside(
    work, tmp_path, rows, shape
):
    number = next(fresh)
    folder = tmp_path / f"[{number}] {{META}}*"  # a pattern, to Hadoop
    write_rrf(folder, "MRSTY", rows, shape)
    table = find_table(folder, "MRSTY", {})
    scratch = Workspace(work.spark, tmp_path / f"scratch{number}")
    found = parsed([table], scratch)

    sound = [row.fields for row in rows if row.fields]
    wanted = [LAYOUTS["MRSTY"].index(column) for column in NEEDED["MRSTY"]]
    expected = Counter((int(f[0][1:]), *(f[i] for i in wanted[1:])) for f in sound)
    assert Counter((row["cui"], *row["kind"]) for row in found if row["kind"]) == expected

    bad = [row for row in rows if row.wrong]
    assert sum(row["kind"] is None for row in found) == len(bad)
    write_rejects([table] if bad else [], len(bad), folder / "rejects.parquet")
    rejects = read_table("rejects", folder / "rejects.parquet").to_pylist()
    assert [row["content"] for row in rejects] == [row.content for row in bad]
    for row, reject in zip(bad, rejects, strict=True):
        assert reject["reason"] in REASONS[row.wrong]
        assert reject["sha256"] == sha256(row.content).hexdigest()


def test_a_reject_has_the_file_and_the_line_in_it(tmp_path):
    (tmp_path / "MRSTY.RRF.aa").write_bytes(b"C0000001|T1|a|b|c||\nC0000002|T1|")
    (tmp_path / "MRSTY.RRF.ab").write_bytes(b"short|\nC0000003|T1|a|b|c||\nC0000004|T1|a|b|c|||\n")
    table = find_table(tmp_path, "MRSTY", {})
    write_rejects([table], 2, tmp_path / "rejects.parquet")
    rejects = read_table("rejects", tmp_path / "rejects.parquet").to_pylist()
    assert [(row["file"], row["line"], row["reason"]) for row in rejects] == [
        (str(tmp_path / "MRSTY.RRF.aa"), 2, "too few fields"),
        (str(tmp_path / "MRSTY.RRF.ab"), 3, "too many fields"),
    ]
    with pytest.raises(ValueError, match="Spark found 3 malformed rows, the scan 2"):
        write_rejects([table], 3, tmp_path / "rejects.parquet")


def test_more_malformed_rows_than_the_share_stop_and_the_first_is_named(tmp_path):
    path = tmp_path / "MRSTY.RRF"
    path.write_bytes(b"C0000001|T1|a|b|c||\r\nC0000002|T1|a|b||\nC0000003|T1|a|\xff|c||\n")
    table = find_table(tmp_path, "MRSTY", {})
    check_share([table], 2, 3, share=0.67)
    with pytest.raises(InputError) as error:
        check_share([table], 2, 3, share=0.66)
    assert str(error.value).startswith(
        f"{path}, line 2: too few fields (it has 5 pipes, a row of MRSTY 6); "
        "2 of 3 rows are malformed"
    )


def test_folders_are_read_together_each_by_its_own_layout(work, tmp_path):
    for name, row in (("a", "C0000001|T1|1|x|2||"), ("b", "3|y|C0000002|T2|")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "MRSTY.RRF").write_text(row + "\n")
    (tmp_path / "b/MRFILES.RRF").write_text("MRSTY.RRF|d|STN,STY,CUI,TUI|4|1|17|\n")
    metas = [tmp_path / "a", tmp_path / "b"]
    both = [find_table(meta, "MRSTY", read_mrfiles(meta)) for meta in metas]
    assert parsed(both, work) == [
        {"cui": 1, "kind": ("T1", "x")},
        {"cui": 2, "kind": ("T2", "y")},
    ]


def test_the_layout_fits_files_that_others_made(work, shared):
    found = parsed([find_table(shared / "doid" / "META", "MRCONSO", {})], work)
    assert all(row["kind"] for row in found)
    (row,) = (
        row
        for row in found
        if row["str"] == "abetalipoproteinemia" and row["kind"][names.TTY] == "PT"
    )
    assert (row["cui"], row["code"]) == (744, "DOID:1386")
    assert (row["kind"][names.SAB], row["kind"][names.SUPPRESS]) == ("DOID", "N")
