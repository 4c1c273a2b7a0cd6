"""The concepts of the tests of `bali pairs tokens`, and what the step wrote."""

import json

from bali.storage import map_ipc

HEART, FLU, COUGH, FEVER = (f"C000000{n}" for n in range(1, 5))  # nodes 0 to 3
NAMES = {HEART: ["heart attack", "attack of heart"], FLU: ["flu"], COUGH: ["cough"], FEVER: ["a"]}


def rows(corpus, split, to_words):
    """(pmid, sentence, tokens, {mention: its tokens}, concepts) of each row."""
    found = []
    for row in map_ipc("pairs", corpus.folder / f"out/{split}.arrow").to_pylist():
        tokens = to_words(row["input_ids"])
        mentions = {}
        for at, owner in zip(row["token"], row["owner"], strict=True):
            mentions.setdefault(owner, []).append(tokens[at])
        found.append((row["pmid"], row["sentence"], " ".join(tokens), mentions, row["concept"]))
    return found


def counts(corpus):
    """The step's account."""
    return json.loads((corpus.folder / "out/tokens.counts.json").read_text())
