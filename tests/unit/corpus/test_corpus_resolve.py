"""Updates over shards: against a replay of the events, one after the other."""

import json
import random
from pathlib import Path

import pytest

from bali.__main__ import main
from bali.storage import from_columns, read_table, write_table

EMPTY = {"title": "t", "abstract": "", "sections": [], "languages": ["eng"], "journal": "j"}
EMPTY |= {"year": None, "date": "", "revised": "", "mesh": [], "publication_types": []}
EMPTY |= {"retracted": False, "doi": "", "pmc": "", "source": "s"}


def resolve(
    folder: Path, shards: list[tuple[list, list]], flags=("--languages", "eng"), fields=None
) -> tuple[list, dict]:
    """Run the step over (records, deletions) of shards 0001, 0002, ...

    `fields`: key -> columns of its records that differ from EMPTY.
    """
    names, documents, deletions = [], [], []
    for number, (records, removed) in enumerate(shards, 1):
        names.append(f"{number:04d}")
        for table, keys, paths in (
            ("documents", records, documents),
            ("deletions", removed, deletions),
        ):
            paths.append(folder / f"{names[-1]}.{table}.parquet")
            columns = {"pmid": [p for p, _ in keys], "version": [v for _, v in keys]}
            if table == "documents":
                values = [EMPTY | (fields or {}).get(key, {}) for key in keys]
                columns |= {name: [value[name] for value in values] for name in EMPTY}
            write_table(table, from_columns(table, columns), paths[-1])
    out, counts = folder / "kept.parquet", folder / "resolve.counts.json"
    flags = ["--documents", *documents, "--deletions", *deletions, "--shards", *names, *flags]
    flags += ["--out", out, "--counts", counts, "--log", folder / "log"]
    assert main(["corpus", "resolve", *map(str, flags)]) == 0
    kept = read_table("kept", out)
    rows = zip(*(kept[c].to_pylist() for c in ("pmid", "version", "shard")), strict=True)
    return list(rows), json.loads(counts.read_text())["tables"]["records"]


def test_each_rule_once(tmp_path):
    rows, counts = resolve(
        tmp_path,
        [
            ([(1, 1), (2, 1), (3, 1), (4, 1), (4, 2), (5, 1)], [(9, 1)]),
            ([(1, 1), (6, 1)], [(2, 1), (3, 1), (4, 2)]),
            ([(3, 1), (5, 2), (9, 1)], []),
        ],
    )
    assert rows == [
        (1, 1, "0002"),  # replaced by a later shard
        # 2 was deleted
        (3, 1, "0003"),  # deleted and added again
        (4, 1, "0001"),  # its second version was deleted, so the first is the latest
        (5, 2, "0003"),  # only the latest version
        (6, 1, "0002"),
        (9, 1, "0003"),  # a deletion removes earlier records only
    ]
    assert counts == {
        "read": 11,
        "kept": 6,
        "dropped": [
            ["superseded by a later shard", 1],
            ["deleted by a later shard", 3],
            ["older version", 1],
            ["neither title nor abstract", 0],
            ["another language", 0],
            ["retracted", 0],
            ["document of an evaluation set", 0],
        ],
    }


def test_random_histories_end_as_their_replay_does(tmp_path):
    rng = random.Random(29)
    for trial in range(20):
        keys = [(pmid, version) for pmid in range(6) for version in (1, 2, 3)]
        shards = []
        for _ in range(4):
            drawn = rng.sample(keys, 10)
            shards.append((sorted(drawn[:6]), sorted(drawn[6:])))
        state: dict[tuple[int, int], str] = {}
        for number, (records, removed) in enumerate(shards, 1):
            for key in removed:
                state.pop(key, None)
            state.update((key, f"{number:04d}") for key in records)
        latest = {pmid: version for pmid, version in sorted(state)}
        expected = [(*key, state[key]) for key in sorted(latest.items())]
        folder = tmp_path / str(trial)
        folder.mkdir()
        assert resolve(folder, shards)[0] == expected


def test_no_records_at_all(tmp_path):
    rows, counts = resolve(tmp_path, [([], [(1, 1)]), ([], [])])
    assert rows == []
    assert counts["read"] == 0


def test_as_many_files_as_shards(tmp_path, capsys):
    flags = ["--documents", "a", "b", "--deletions", "a", "--shards", "0001", "--languages"]
    flags += ["--out", str(tmp_path / "o"), "--counts", str(tmp_path / "c")]
    assert main(["corpus", "resolve", *flags]) == 2
    assert "name 2, 1 and 1 shards" in capsys.readouterr().err


SECTION = [{"label": "", "start": 1, "end": 9}]
FIELDS = {
    (1, 1): {"title": "", "sections": []},
    (2, 1): {"title": "", "sections": SECTION},
    (3, 1): {"languages": ["ger"]},
    (4, 1): {"languages": ["ger", "eng"]},
    (5, 1): {"languages": []},
    (6, 1): {"retracted": True},
    (7, 1): {"languages": ["fre"], "retracted": True},
    (8, 2): {"retracted": True},  # and its older version does not stand in for it
    (9, 2): {"languages": ["ger"]},
}
KEYS = sorted({*FIELDS, (8, 1), (9, 1)})


@pytest.mark.parametrize(
    ("flags", "kept", "dropped"),
    [
        (("--languages", "eng"), [2, 4, 5], [1, 3, 2]),
        (("--languages", "ger", "fre"), [3, 4, 5, 9], [1, 3, 1]),
        (("--languages",), [2, 3, 4, 5, 9], [1, 0, 3]),
        (("--languages", "eng", "--retracted"), [2, 4, 5, 6, 8], [1, 3, 0]),
        (("--languages", "--retracted"), [2, 3, 4, 5, 6, 7, 8, 9], [1, 0, 0]),
    ],
)
def test_unwanted_records_are_dropped_by_reason(tmp_path, flags, kept, dropped):
    rows, counts = resolve(tmp_path, [(KEYS, [])], flags, FIELDS)
    assert [row[0] for row in rows] == kept
    reasons = dict(counts["dropped"])
    assert reasons["older version"] == 2
    names = ("neither title nor abstract", "another language", "retracted")
    assert [reasons[name] for name in names] == dropped


def test_shards_replayed_in_order_twice_keep_the_same_records(tmp_path):
    shards = [([(1, 1), (2, 1), (3, 1)], []), ([(1, 1), (1, 2)], [(2, 1), (3, 1)]), ([(3, 1)], [])]
    once, twice = ([row[:2] for row in resolve(tmp_path, shards * n)[0]] for n in (1, 2))
    assert once == twice == [(1, 2), (3, 1)]


def test_documents_of_evaluation_sets_do_not_go_on(tmp_path, capsys):
    gold = tmp_path / "gold.txt"
    first = "2|t|Title\n2|a|Text\n2\t0\t5\tTitle\tD\tD1\n"
    gold.write_text(f"{first}\n7|t|x\n7|a|\n\nmade-up|t|x\nmade-up|a|\n")
    words = f"--gold {gold} --layout pubtator --out {tmp_path}/pmids.txt --log {tmp_path}/log"
    assert main(["gold", "documents", *words.split()]) == 0
    assert (tmp_path / "pmids.txt").read_text() == "2\n7\n"
    shards = [([(1, 1), (2, 1)], []), ([(2, 2), (3, 1)], [])]
    flags = ("--languages", "eng", "--exclude", f"{tmp_path}/pmids.txt")
    kept, counts = resolve(tmp_path, shards, flags)
    assert {row[0] for row in kept} == {1, 3}
    assert dict(counts["dropped"])["document of an evaluation set"] == 1


def test_a_list_that_holds_no_pmids_is_named(tmp_path):
    from bali.corpus.resolve import read_excluded
    from bali.errors import InputError

    (tmp_path / "pmids.txt").write_text("12\n\nPMC7\n")
    with pytest.raises(InputError, match="line 3: 'PMC7' is no PMID"):
        read_excluded([tmp_path / "pmids.txt"])
