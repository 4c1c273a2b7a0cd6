"""`bali link "text"`: the mentions of a text over a built knowledge base, in seconds.

    bali link "Patients with Wilms tumor (WT) and a WT relapse."
    bali link --format html --out page.html < abstract.txt

The steps are those that the lexicon was made with, and all that need nothing else; with `--config`
they are those of a config, candidates included, as the workflow has them.
"""

from __future__ import annotations

import argparse
import html
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.compute as pc

from bali.errors import InputError
from bali.files import atomic_path
from bali.linking.build import linker_of
from bali.linking.documents import Document
from bali.linking.lexicon import Lexicon, open_lexicon
from bali.linking.rows import Row
from bali.linking.settings import FEATURES, Settings, from_config
from bali.linking.store import Store
from bali.splitter import split

NAME = 40  # most characters of a concept's name in the table
CONCEPT = "https://uts.nlm.nih.gov/uts/umls/concept/"  # NLM's page of a CUI

Mention = dict[str, Any]  # a line of JSON: see `mentions_of`


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali link`."""
    parser.add_argument("text", nargs="?", help="what is linked; without it, stdin")
    parser.add_argument(
        "--kb", type=Path, default=Path("results/linking/kb"), help="folder of the knowledge base"
    )
    parser.add_argument("--format", choices=["table", "jsonl", "html"], default="table")
    parser.add_argument("--out", type=Path, help="file in the place of stdout")
    parser.add_argument(
        "--config",
        type=Path,
        help="settings of the linker, as `snakemake --configfile` reads them",
    )


def run(args: argparse.Namespace) -> None:
    """Print the mentions."""
    text = _checked(args.text) if args.text is not None else _read(sys.stdin)
    store = Store(args.kb)
    if args.config:
        from bali.config import read_config  # a tenth of a second, and seldom needed

        settings = from_config(read_config(args.config)["linking"])
        lexicon = open_lexicon(store.lexicon, settings)
    else:
        lexicon = open_lexicon(store.lexicon)
        settings = settings_of(lexicon)
    linker = linker_of(lexicon, store, settings)
    found = mentions_of(linker.link([Document(0, 1, text, split(text))]), lexicon)
    lines = {"table": as_table, "jsonl": as_json_lines, "html": as_html}[args.format](text, found)
    if args.out:
        with atomic_path(args.out) as part:
            part.write_text(lines, encoding="utf-8")
    else:
        sys.stdout.write(lines)


def settings_of(lexicon: Lexicon) -> Settings:
    """The settings that a lexicon was made with, and all steps but candidates."""
    made_with = {key: lexicon.made_with[key] for key in ("min_characters", "max_words")}
    steps = (*lexicon.made_with["steps"], *(step for step in FEATURES if step != "candidates"))
    return Settings(
        **made_with,
        steps=steps,
        semantic_types=tuple(lexicon.made_with["semantic_types"]),
        max_candidates=3,
        # of candidates, which are not looked for
        max_span_words=1,
        neighbours=1,
        threshold=1.0,
    )


def mentions_of(rows: Iterable[Row], lexicon: Lexicon) -> list[Mention]:
    """Mentions with the names of their concepts, in the text's order.

    Returns:
        Of each: start, end (code points, half-open), text, method, and its concepts, the chosen
        one first, each with cui, name and score.
    """
    found: list[Mention] = []
    rows = list(rows)
    names = _names([row.cui for row in rows], lexicon.concepts)
    for row in rows:
        if row.rank == 0:
            found.append(
                {"start": row.start, "end": row.end, "text": row.text, "method": row.method,
                 "concepts": []}
            )  # fmt: skip
        concept = {"cui": row.cui, "name": names[row.cui], "score": round(row.score, 4)}
        found[-1]["concepts"].append(concept)
    return found


def _names(cuis: list[str], concepts: pa.Table) -> dict[str, str]:
    wanted = sorted(set(cuis))
    at = pc.index_in(pa.array(wanted, pa.string()), value_set=concepts["cui"])
    return dict(zip(wanted, concepts["name"].take(at).to_pylist(), strict=True))


def as_table(text: str, mentions: list[Mention]) -> str:
    """A line a mention, columns parted by two spaces; other concepts of a name behind it."""
    if not mentions:
        return "no mention\n"
    head = ("start", "end", "text", "cui", "name", "method", "score", "others")
    rows = [head]
    for mention in mentions:
        best, *others = mention["concepts"]
        name = best["name"] if len(best["name"]) <= NAME else f"{best['name'][: NAME - 3]}..."
        rows.append(
            (
                str(mention["start"]),
                str(mention["end"]),
                " ".join(mention["text"].split()),  # a line break would break the row
                best["cui"],
                name,
                mention["method"],
                f"{best['score']:.2f}",
                " ".join(other["cui"] for other in others),
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join(lines) + "\n"


def as_json_lines(text: str, mentions: list[Mention]) -> str:
    """A JSON object a mention."""
    return "".join(json.dumps(mention, ensure_ascii=False) + "\n" for mention in mentions)


def as_html(text: str, mentions: list[Mention]) -> str:
    """A page by displaCy: each mention with its concept's name and CUI."""
    from spacy import displacy  # takes a second, and only this format needs it

    entities = [
        {
            "start": mention["start"],
            "end": mention["end"],
            "label": html.escape(mention["concepts"][0]["name"]),  # displaCy would not
            "kb_id": mention["concepts"][0]["cui"],
            "kb_url": CONCEPT + mention["concepts"][0]["cui"],
        }
        for mention in mentions
    ]
    page = {"text": text, "ents": entities, "title": None}
    return str(displacy.render(page, style="ent", manual=True, page=True, jupyter=False)) + "\n"


def _read(stream: TextIO) -> str:
    if stream.isatty():
        raise InputError('no text; give it as `bali link "text"`, or on stdin')
    try:
        return _checked(stream.buffer.read().decode("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"stdin: not UTF-8 ({error}); convert it") from None


def _checked(text: str) -> str:
    if not text.strip():
        raise InputError('the text is empty; give some as `bali link "text"`, or on stdin')
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"the text is not UTF-8 ({error}); convert it") from None
    return text
