"""Damaged files of each format: an error line or a count, and what was not touched is there.

The judges are other readers: json, split lines and expat.
"""

import gzip
import json
import random
from collections import Counter
from xml.parsers import expat

import damage
import pytest
from bern2_files import bern2, dropped

from bali.storage import read_table

SOUND = {
    "bern2": "\n".join(
        json.dumps(bern2(n, "rash in MS", (0, "rash", "D000001"), (8, "MS", "mesh:D000002|foo:1")))
        for n in range(1, 9)
    ),
    "pubtator": "".join(
        f"{n}|t|rash\n{n}|a|in MS\n{n}\t0\t4\trash\tDisease\tMESH:D000001\n"
        f"{n}\t8\t10\tMS\tDisease\tD000002\n{n}\tTreat\tMESH:D1\tMESH:D2\n\n"
        for n in range(1, 9)
    ),
    "bioc": '<?xml version="1.0"?><!DOCTYPE collection SYSTEM "BioC.dtd"><collection>'
    + "".join(
        f"<document><id>{n}</id><passage><infon key='type'>title</infon><offset>0</offset>"
        "<text>rash in MS</text><annotation id='1'><infon key='identifier'>D000001</infon>"
        "<infon key='type'>Disease</infon><location offset='0' length='4'/><text>rash</text>"
        "</annotation></passage></document>"
        for n in range(1, 9)
    )
    + "</collection>",
}


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The bytes with one thing done to them, at a place that is drawn."""
    at = rng.randrange(len(data))
    end = min(len(data), at + rng.choice((1, 2, 8, 60)))
    kind = rng.randrange(7)
    if kind < damage.KINDS:
        return damage.damaged(kind, data, at, end, rng)
    match kind:
        case 5:
            return data[:at] + rng.choice((b"\0", b"9" * 30, b"-", b'"', b"<", b"\t")) + data[at:]
        case _:
            return data + rng.choice((b"\0\0", b"x", data, data[:20], b"<a/>"))


def held_by(content: bytes, format_: str) -> dict[str, int]:
    """Documents, mentions and other lines of a file, counted without our readers."""
    if format_ == "bern2":
        lines = [json.loads(line) for line in content.split(b"\n") if line.strip()]
        mentions = sum(len(line.get("annotations", [])) for line in lines)
        return {"documents": len(lines), "mentions": mentions, "other": 0}
    if format_ == "pubtator":
        lines = content.split(b"\n")
        tabs = [line.count(b"\t") for line in lines]
        passages = sum(b"|t|" in line or b"|a|" in line for line in lines)
        blocks = [block for block in content.split(b"\n\n") if block.strip()]
        documents = sum(max(1, block.count(b"|t|")) for block in blocks)
        filled = sum(bool(line.strip()) for line in lines)
        mentions = sum(number >= 4 for number in tabs)
        return {"documents": documents, "mentions": mentions,
                "other": filled - passages - mentions}  # fmt: skip
    found = {"documents": 0, "mentions": 0, "other": 0}

    def start(name, _):
        found["mentions"] += name == "annotation"
        found["documents"] += name == "document"

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.Parse(content, True)
    return found


def sound_rows(content: bytes, format_: str) -> set[tuple[int, int, str]]:
    """PMID, start and text of the mentions of `SOUND` whose documents came through untouched."""
    whole = SOUND[format_].encode()
    separator = {"bern2": b"\n", "pubtator": b"\n\n", "bioc": b"</document>"}[format_]
    pieces = whole.split(separator)
    left = Counter(content.split(separator))
    rows = set()
    for number, piece in enumerate(piece for piece in pieces if b"rash" in piece):
        if left[piece]:
            rows.add((number + 1, 0, "rash"))
            rows |= {(number + 1, 8, "MS")} if format_ != "bioc" else set()
    return rows


@pytest.mark.parametrize("format_", SOUND)
@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gz"])
def test_no_damage_is_a_traceback_or_a_silent_loss(index, tmp_path, capsys, format_, zipped):
    outcomes = {0: 0, 2: 0}
    sound = SOUND[format_].encode()
    for seed in range(35):
        rng = random.Random(f"{format_} {zipped} {seed}")
        path = tmp_path / ("x.gz" if zipped else "x")
        path.write_bytes(
            damaged(gzip.compress(sound, mtime=0), rng) if zipped else damaged(sound, rng)
        )
        (tmp_path / "pretagged.parquet").unlink(missing_ok=True)
        code = index(path, format_=format_)
        message = capsys.readouterr().err
        outcomes[code] += 1
        if code == 2:
            assert message.startswith(f"bali: error: {path}: "), (seed, message)
            assert message.count("\n") == 1 and not (tmp_path / "pretagged.parquet").exists()
        else:
            account = json.loads((tmp_path / "index.counts.json").read_text())
            counts, facts = account["tables"], account["facts"]
            lost = dropped(counts["mentions"])  # adds up
            content = gzip.decompress(path.read_bytes()) if zipped else path.read_bytes()
            held = held_by(content, format_)
            assert counts["mentions"]["read"] == held["mentions"], seed
            assert counts["documents"]["read"] == held["documents"], seed
            assert facts["lines of relations passed over"] == held["other"], seed
            rows = read_table("pretagged", tmp_path / "pretagged.parquet").to_pylist()
            assert counts["mentions"]["kept"] == len(rows)
            # what the damage did not touch is there as it was
            found = {(row["pmid"], row["start"], row["text"]) for row in rows}
            missing = len(sound_rows(content, format_) - found)
            assert missing <= lost.get("in a document read before", 0), seed
    assert outcomes[2] >= 10 and (zipped or outcomes[0] >= 2), outcomes
