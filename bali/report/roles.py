"""What each run is there to show, from its settings, and the questions that two runs answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def role(run: str, settings: Mapping[str, Any]) -> str:
    """What a run stands for.

    Args:
        run: its name.
        settings: the whole config.

    Returns:
        base; mlm: text alone; synonyms: names of one concept and no text; spans: spans of text and
        what they may mean; names: mentions and their concepts' names; shuffled, frozen: the graph
        with wrong edges, or with an encoder that does not learn; graph; other: a model that is no
        run of ours.
    """
    if run == "base":
        return "base"
    if run not in settings["runs"]:
        return "other"
    train = _train(run, settings)
    aligned = train["w_align"] and train["encoder"] != "none"
    graph = aligned or train["w_hierarchy"] or train["w_link"]
    if graph and train["edges"] == "shuffled":
        return "shuffled"
    if aligned and train["freeze_graph"]:
        return "frozen"
    if graph:
        return "graph"
    if train["w_align"] or train["w_own_name"]:
        return "names"
    if train["w_soft"]:
        return "spans"
    return "synonyms" if train["w_synonyms"] else "mlm"


# (role of the left run, role of the right run) -> what their difference answers.
QUESTIONS = {
    ("graph", "names"): "What the graph adds to names",
    ("graph", "shuffled"): "What true edges add to shuffled ones",
    ("graph", "frozen"): "What training the graph encoder adds to a frozen one",
    ("graph", "synonyms"): "What alignment with the graph adds to synonyms alone",
    ("graph", "spans"): "What alignment with the graph adds to spans of text alone",
    ("names", "synonyms"): "What names beside their mentions add to synonyms alone",
    ("graph", "mlm"): "What alignment with the graph adds to MLM training",
    ("names", "mlm"): "What alignment with names adds to MLM training",
    ("graph", "base"): "What alignment with the graph adds to the base LM",
    ("names", "base"): "What alignment with names adds to the base LM",
    ("spans", "base"): "What spans of text and how often concepts are mentioned add to the base LM",
    ("synonyms", "base"): "What synonyms add to the base LM",
    ("mlm", "base"): "What MLM training on this text adds to the base LM",
}

# Controls that change one setting of the graph -> that setting.
CONTROLS = {"shuffled": "edges", "frozen": "freeze_graph"}


def comparable(left: str, right: str, settings: Mapping[str, Any]) -> bool:
    """Whether two runs whose roles answer a question do answer it.

    A control with shuffled edges, or with a frozen encoder, speaks of the run that differs from it
    in this alone: sage beside shuffled edges of gat would show two encoders.

    Args:
        left: a run's name.
        right: another run's name.
        settings: the whole config.
    """
    control = CONTROLS.get(role(right, settings))
    if control is None:
        return True
    return {**_train(left, settings), control: None} == {**_train(right, settings), control: None}


def _train(run: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {**settings["train"], **settings["runs"][run]}
