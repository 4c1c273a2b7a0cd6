"""Reads what BERN2 writes: JSON, a document a line, or a list of documents a line.

    {"pmid": "25681199", "text": "...", "annotations": [
      {"id": ["mesh:D003920"], "span": {"begin": 0, "end": 8}, "mention": "Diabetes",
       "obj": "disease", "prob": 0.99, "is_neural_normalized": false}, ...]}

`id` is ["CUI-less"] where nothing fits; `prob` is missing or null for what rules found; older
versions leave `mention` out. Other keys are passed over. Layout: BERN2's own output, Sung et al.
2022, doi:10.1093/bioinformatics/btac598.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bali.errors import InputError
from bali.pretagged.stream import read_lines
from bali.pretagged.tagged import TaggedDocument, TaggedMention, read_pmid, without_surrogates


def read_bern2(path: Path, max_decompressed_mb: int) -> Iterator[TaggedDocument]:
    """Read a file.

    Yields:
        Its documents in order.

    Raises:
        InputError: the file is missing, damaged or too large, or a line is not what BERN2 writes.
    """
    for number, line in read_lines(path, max_decompressed_mb):
        if not line.strip():
            continue
        where = f"{path}: line {number}"
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"{where}: no JSON ({error}); BERN2's output has one document a line"
            ) from None
        for document in value if isinstance(value, list) else [value]:
            yield _document(document, where)


def _document(value: Any, where: str) -> TaggedDocument:
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise InputError(f"{where}: no object with the key text; give BERN2's output")
    annotations = value.get("annotations", [])
    if not isinstance(annotations, list):
        raise InputError(f"{where}: annotations is no list; give BERN2's output")
    text = without_surrogates(value["text"])
    mentions = [_mention(one, text, where) for one in annotations]
    return TaggedDocument(read_pmid(value.get("pmid")), text, mentions)


def _mention(value: Any, text: str, where: str) -> TaggedMention:
    if not isinstance(value, dict) or not isinstance(span := value.get("span"), dict):
        raise InputError(f"{where}: {_short(value)} is no annotation with a span")
    start, end = span.get("begin"), span.get("end")
    if not (isinstance(start, int) and isinstance(end, int) and 0 <= start <= end):
        raise InputError(f"{where}: {_short(span)} is no span with begin and end")
    identifiers = value.get("id", [])
    if isinstance(identifiers, str):
        identifiers = [identifiers]
    if not isinstance(identifiers, list) or not all(isinstance(i, str) for i in identifiers):
        raise InputError(f"{where}: {_short(identifiers)} is no list of identifiers")
    score = value.get("prob")
    if score is None:
        score = 1.0
    elif not isinstance(score, int | float) or not 0 <= score <= 1:
        raise InputError(f"{where}: prob is {_short(score)}, no number from 0 to 1")
    mention, kind = value.get("mention", text[start:end]), value.get("obj", "")
    if not isinstance(mention, str) or not isinstance(kind, str):
        raise InputError(f"{where}: mention and obj must be text: {_short(value)}")
    return TaggedMention(
        start, end, without_surrogates(mention), kind, tuple(identifiers), float(score)
    )


def _short(value: Any) -> str:
    return repr(value)[:80]
