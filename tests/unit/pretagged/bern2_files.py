"""Files of BERN2 as the tests want them, and an account that adds up."""

import json
from pathlib import Path


def bern2(pmid, text, *mentions, prob=0.5) -> dict:
    """A document of BERN2; mentions are (start, text, identifier)."""
    return {
        "pmid": pmid,
        "text": text,
        "annotations": [
            {
                "id": [identifier], "mention": mention, "obj": "disease", "prob": prob,
                "span": {"begin": start, "end": start + len(mention)},
            }
            for start, mention, identifier in mentions
        ],
    }  # fmt: skip


def write_lines(path: Path, *documents: dict) -> Path:
    """Write documents, one a line."""
    path.write_text("".join(json.dumps(document) + "\n" for document in documents))
    return path


def dropped(account: dict) -> dict[str, int]:
    """Reason -> number of what was dropped; the account must add up."""
    assert account["read"] == account["kept"] + sum(n for _, n in account["dropped"])
    return {reason: n for reason, n in account["dropped"] if n}
