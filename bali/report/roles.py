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
        base; mlm: text alone; synonyms: names of one concept and no text; names: mentions and
        their concepts' names; shuffled, frozen: the graph with wrong edges, or with an encoder
        that does not learn; graph; other: a model that is no run of ours.
    """
    if run == "base":
        return "base"
    if run not in settings["runs"]:
        return "other"
    train = {**settings["train"], **settings["runs"][run]}
    graph = train["w_align"] and train["encoder"] != "none"
    graph = graph or train["w_hierarchy"]
    if graph and train["edges"] == "shuffled":
        return "shuffled"
    if graph and train["freeze_graph"]:
        return "frozen"
    if graph or train["w_link"]:
        return "graph"
    if train["w_align"] or train["w_own_name"]:
        return "names"
    return "synonyms" if train["w_synonyms"] else "mlm"


# (role of the left run, role of the right run) -> what their difference answers.
QUESTIONS = {
    ("graph", "names"): "What the graph adds to names",
    ("graph", "shuffled"): "What true edges add to shuffled ones",
    ("graph", "frozen"): "What training the graph encoder adds to a frozen one",
    ("graph", "synonyms"): "What alignment with the graph adds to synonyms alone",
    ("names", "synonyms"): "What names beside their mentions add to synonyms alone",
    ("graph", "mlm"): "What alignment with the graph adds to MLM training",
    ("names", "mlm"): "What alignment with names adds to MLM training",
    ("graph", "base"): "What alignment with the graph adds to the base LM",
    ("names", "base"): "What alignment with names adds to the base LM",
    ("synonyms", "base"): "What synonyms add to the base LM",
    ("mlm", "base"): "What MLM training on this text adds to the base LM",
}
