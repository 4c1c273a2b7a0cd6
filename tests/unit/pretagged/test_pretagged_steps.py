"""Files through both steps, worked by hand."""

import json
import random
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from bern2_files import bern2, dropped, write_lines

from bali.pretagged import runs
from bali.pretagged.anchors import Anchors, Stated
from bali.pretagged.runs import RunWriter, merge
from bali.pretagged.tagged import TaggedMention, place
from bali.storage import read_table


def test_mentions_of_all_vocabularies_with_their_counts(index, link, tmp_path):
    text = "\U0001d6fd rash of mice. A1BG and aspirin in MS."
    file = write_lines(
        tmp_path / "a.jsonl",
        bern2(
            "7", text,
            (2, "rash", "mesh:D000001"), (10, "mice", "NCBITaxon:10090"),
            (16, "A1BG", "NCBIGene:1"), (25, "aspirin", "CHEBI:7"), (36, "MS", "UMLS:C0000099"),
            (21, "and", "NCBIGene:2"), (33, "in", "CUI-less"), (0, "gone", "mesh:D000001"),
        ),
        bern2(None, "rash", (0, "rash", "mesh:D000001")),
    )  # fmt: skip
    assert index(file) == 0
    counts = json.loads((tmp_path / "index.counts.json").read_text())
    assert dropped(counts["tables"]["mentions"]) == {
        "no PMID": 1,
        "not in its file's text": 1,
        "no identifier": 1,
        "no concept: ncbigene": 1,
    }
    assert dropped(counts["tables"]["documents"]) == {"no PMID": 1}
    assert counts["facts"]["identifiers"] == {
        "chebi": 1, "mesh": 1, "ncbigene": 2, "ncbitaxon": 1, "umls": 1
    }  # fmt: skip
    assert counts["facts"]["identifiers with a concept"]["ncbigene"] == 1

    rows, counts = link((7, 1, "\U0001d6fd rash of mice.", "A1BG and aspirin in MS."))
    assert [(r["text"], r["cui"], r["sentence"], r["score"], r["method"]) for r in rows] == [
        ("rash", "C0000001", 0, 0.5, "pretagged"),
        ("mice", "C0000003", 0, 0.5, "pretagged"),
        ("A1BG", "C0000004", 1, 0.5, "pretagged"),
        ("aspirin", "C0000005", 1, 0.5, "pretagged"),
        ("MS", "C0000002", 1, 0.5, "pretagged"),
    ]
    assert all(text[r["start"] : r["end"]] == r["text"] for r in rows)
    assert dropped(counts["tables"]["mentions"]) == {}
    assert counts["facts"] == {"documents": 1, "documents with mentions": 1}


def test_composites_and_repeated_spans_are_candidates_of_one_mention(index, link, tmp_path):
    file = write_lines(
        tmp_path / "a.jsonl",
        bern2(
            3, "rash MS", (0, "rash", "mesh:D000001|D000002"), (5, "MS", "mesh:D000002"),
            (5, "MS", "CHEBI:7"),
        ),
    )  # fmt: skip
    assert index(file) == 0
    rows, _ = link((3, 1, "rash MS", ""))
    assert [(r["start"], r["cui"], r["rank"]) for r in rows] == [
        (0, "C0000001", 0), (0, "C0000002", 1), (5, "C0000002", 0), (5, "C0000005", 1)
    ]  # fmt: skip
    assert [r["cui"] for r in link((3, 1, "rash MS", ""), most=1)[0]] == ["C0000001", "C0000002"]
    counts = json.loads((tmp_path / "index.counts.json").read_text())
    assert dropped(counts["tables"]["mentions"]) == {"span read before": 1}


def test_what_crosses_a_sentence_or_is_held_out_is_counted(index, link, tmp_path):
    title = "Disseminated sclerosis (DS), or disseminated scleroses."
    text = f"{title} A rash. Rash of DS."
    crossing = text.index("rash. Rash")
    file = write_lines(
        tmp_path / "a.jsonl",
        bern2(
            3, text, (0, "Disseminated sclerosis", "mesh:D000002"), (24, "DS", "mesh:D000002"),
            (32, "disseminated scleroses", "mesh:D000002"), (crossing, "rash. Rash", "D000001"),
            (crossing, "rash", "D000001"), (text.rindex("DS"), "DS", "mesh:D000002"),
        ),
    )  # fmt: skip
    assert index(file) == 0
    rows, counts = link((3, 1, title, "A rash. Rash of DS."))
    assert [(r["text"], r["sentence"]) for r in rows] == [("rash", 1)]
    assert dropped(counts["tables"]["mentions"]) == {
        "crosses a sentence end": 1, "held-out name": 4
    }  # fmt: skip


def test_what_a_document_explains_as_a_heldout_name_is_held_out_in_every_form(
    index, link, tmp_path
):
    """Plural of a short form, short form inside a name, and a looser form (step general)."""
    title = "Disseminated sclerosis (DS) and two DSs; myelin (MY) harm, MY disease, myelin injury."
    text = f"{title} A rash."
    wanted = ("DSs", "MY disease", "myelin injury", "rash")
    file = write_lines(
        tmp_path / "a.jsonl", bern2(3, text, *((text.index(w), w, "D000001") for w in wanted))
    )
    assert index(file) == 0
    rows, counts = link((3, 1, title, "A rash."))
    assert [r["text"] for r in rows] == ["rash"]
    assert dropped(counts["tables"]["mentions"]) == {"held-out name": 3}


def test_what_cannot_be_mapped_is_counted_by_prefix(index, tmp_path):
    file = write_lines(
        tmp_path / "a.jsonl",
        bern2(3, "rash MS mice", (0, "rash", "foo:1"), (5, "MS", "Bar-X:2"), (8, "mice", "foo:3")),
        bern2(4, "rash MS", (0, "rash", "1x:2"), (5, "MS", "mesh:D999999")),
    )
    assert index(file) == 0
    counts = json.loads((tmp_path / "index.counts.json").read_text())
    assert dropped(counts["tables"]["mentions"]) == {
        "no concept: mesh": 1, "no concept: unknown": 1, "no concept: unknown bar-x": 1,
        "no concept: unknown foo": 2,
    }  # fmt: skip
    assert counts["facts"]["identifiers"] == {
        "mesh": 1, "unknown": 1, "unknown bar-x": 1, "unknown foo": 2
    }  # fmt: skip


def test_only_the_most_frequent_unknown_prefixes_are_told_apart(index, tmp_path, monkeypatch):
    monkeypatch.setattr("bali.linking.pretagged_index.PREFIXES", 1)
    mentions = [(0, "rash", "b:1"), (5, "MS", "b:2"), (8, "mice", "a:1"), (8, "mic", "c:1")]
    assert index(write_lines(tmp_path / "a.jsonl", bern2(3, "rash MS mice", *mentions))) == 0
    counts = json.loads((tmp_path / "index.counts.json").read_text())
    assert counts["facts"]["identifiers"] == {"unknown": 2, "unknown b": 2}


def test_the_first_of_several_documents_with_one_pmid_counts(index, link, tmp_path):
    one = write_lines(
        tmp_path / "b.jsonl", bern2(3, "rash MS"), bern2(4, "MS", (0, "MS", "D000002"))
    )
    two = write_lines(
        tmp_path / "a.jsonl",
        bern2(3, "rash MS", (0, "rash", "D000001")),
        bern2(2, "rash", (0, "rash", "D000001")),
    )
    assert index(one, two) == 0
    assert read_table("pretagged", tmp_path / "pretagged.parquet")["pmid"].to_pylist() == [2, 4]
    counts = json.loads((tmp_path / "index.counts.json").read_text())["tables"]
    assert dropped(counts["documents"]) == {"PMID read before": 1}
    assert dropped(counts["mentions"]) == {"in a document read before": 1}
    assert index(two, one) == 0
    rows, counts = link((2, 1, "rash", ""), (2, 2, "A rash", ""), (3, 1, "rash MS", ""))
    assert [(r["pmid"], r["version"], r["start"]) for r in rows] == [
        (2, 1, 0),
        (2, 2, 2),
        (3, 1, 0),
    ]
    assert counts["facts"] == {"documents": 3, "documents with mentions": 3}


def test_semantic_types_choose(index, tmp_path):
    file = write_lines(
        tmp_path / "a.jsonl",
        bern2(3, "rash mice", (0, "rash", "D000001"), (5, "mice", "tax:10090")),
    )
    assert index(file, types="DISO") == 0
    counts = json.loads((tmp_path / "index.counts.json").read_text())["tables"]
    assert dropped(counts["mentions"]) == {"semantic type": 1}


def test_threads_ranges_and_runs_change_no_byte(index, tmp_path, monkeypatch):
    rng = random.Random(29)
    names = [("rash", "D000001"), ("MS", "D000002"), ("mice", "tax:10090"), ("x", "foo:1")]
    files = []
    for number in range(3):
        documents = []
        for _ in range(40):
            words = [rng.choice(names) for _ in range(rng.randrange(6))]
            mentions, at = [], 0
            for word, identifier in words:
                mentions.append((at, word, identifier))
                at += len(word) + 1
            documents.append(bern2(rng.randrange(1, 60), " ".join(w for w, _ in words), *mentions))
        files.append(write_lines(tmp_path / f"{number}.jsonl", *documents))
    out = tmp_path / "pretagged.parquet"
    assert index(*files) == 0
    whole = out.read_bytes()
    rows = read_table("pretagged", out)
    keys = list(zip(*(rows[c].to_pylist() for c in ("pmid", "start", "end")), strict=True))
    assert len(keys) > 50 and keys == sorted(set(keys))
    assert index(*files, threads=2) == 0
    assert out.read_bytes() == whole
    monkeypatch.setattr(runs, "RUN", 7)
    monkeypatch.setattr(runs, "STEP", 2)
    assert index(*files) == 0
    assert out.read_bytes() == whole
    assert not list(tmp_path.glob(".part-*"))


def test_merged_ranges_ascend_and_hold_every_row_once(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "RUN", 11)
    monkeypatch.setattr(runs, "STEP", 3)
    rng = random.Random(1)
    schema = pa.schema({"pmid": pa.int64(), "number": pa.int64()})
    paths, everything = [], []
    for file in range(3):
        writer = RunWriter(schema, tmp_path / str(file))
        for number in range(50):
            everything.append((rng.randrange(20), number + 100 * file))
            writer.add(everything[-1])
        writer.finish()
        paths += writer.paths
    ranges = [table.to_pylist() for table in merge(paths, schema)]
    flat = [(row["pmid"], row["number"]) for part in ranges for row in part]
    assert sorted(flat) == sorted(everything)
    bounds = [(min(r["pmid"] for r in part), max(r["pmid"] for r in part)) for part in ranges]
    assert len(bounds) > 5
    assert all(a[1] < b[0] for a, b in pairwise(bounds))
    assert list(merge([], schema)) == []


FILE_TEXT = "[Rash in MS.] BACKGROUND: MS  and a\trash; MS again."


@pytest.mark.parametrize(
    ("document", "start", "mention", "expected"),
    [
        (FILE_TEXT, 9, "MS", (9, 11)),
        # other white space: as many characters before it
        ("[Rash in MS.] BACKGROUND: MS and a rash; MS again.", 42, "MS", (41, 43)),
        ("[Rash in MS.] BACKGROUND: MS and a rash; MS again.", 34, "a\trash", (33, 39)),
        # without brackets and label: the same occurrence of as many
        ("Rash in MS. MS and a rash; MS again.", 42, "MS", (27, 29)),
        ("Rash in MS. MS and a rash; MS again.", 1, "Rash", (0, 4)),
        # another number of occurrences: not decided
        ("Rash in MS. MS and a rash.", 42, "MS", None),
        ("Something else.", 9, "MS", None),
    ],
)
def test_a_mention_is_found_in_a_text_that_differs(document, start, mention, expected):
    placed = place(FILE_TEXT, TaggedMention(start, start + len(mention), mention, "", (), 1.0))
    assert placed and placed.start == start
    found = Anchors(document).find(Stated(*placed))
    assert found == expected
    if found:
        assert document[found[0] : found[1]].split() == mention.split()


def test_text_is_the_slice_whatever_the_spacing_of_the_file(index, link, tmp_path):
    """Spaces doubled, put in and left out at random: every mention is found where it stands."""
    rng = random.Random(4)
    words = ["rash", "MS", "\U0001d6fd", "mice", "of", "aspirin"]
    identifiers = {"rash": "D000001", "MS": "D000002", "mice": "tax:10090", "aspirin": "CHEBI:7"}
    documents, texts, expected = [], [], []
    for pmid in range(1, 60):
        chosen = [rng.choice(words) for _ in range(12)]
        text = " ".join(chosen)
        other, mentions = "", []
        at = 0
        for word in chosen:
            if word in identifiers:
                mentions.append((len(other), word, identifiers[word]))
                expected.append((pmid, at, word))
            other += word + rng.choice([" ", "  ", "\n", "\u2009"])
            at += len(word) + 1
        texts.append((pmid, 1, "", text))
        documents.append(bern2(pmid, other, *mentions))
    assert index(write_lines(tmp_path / "a.jsonl", *documents)) == 0
    rows, counts = link(*texts)
    text_of = {pmid: f" {text}" for pmid, _, _, text in texts}
    assert all(text_of[r["pmid"]][r["start"] : r["end"]] == r["text"] for r in rows)
    assert [(r["pmid"], r["start"] - 1, r["text"]) for r in rows] == expected
    assert dropped(counts["tables"]["mentions"]) == {}


def test_a_shard_reads_only_row_groups_with_its_pmids(index, link, tmp_path, monkeypatch):
    monkeypatch.setattr("bali.storage.ROW_GROUP", 10)
    documents = [bern2(pmid, "rash", (0, "rash", "D000001")) for pmid in range(1, 101)]
    assert index(write_lines(tmp_path / "a.jsonl", *documents)) == 0
    from bali.storage import stream_matching

    parts = list(
        stream_matching(
            "pretagged", tmp_path / "pretagged.parquet", "pmid", np.array([15, 16, 95, 500])
        )
    )
    assert [part["pmid"].to_pylist() for part in parts] == [[15, 16], [95]]
    rows, _ = link((15, 1, "A rash", ""), (95, 1, "rash", ""), (500, 1, "rash", ""))
    assert [(r["pmid"], r["start"]) for r in rows] == [(15, 2), (95, 0)]
