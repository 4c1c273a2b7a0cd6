"""Settings without effect: what a run sets itself must do something.

`train:` is what all runs share, and no run uses all of it: what it says there is no mistake. A key
that stands in a run of its own is meant for this run. One that nothing in it reads is an error,
unless its value is the one that switches off what `train:` may have on.

No torch is imported here: the rules ask before any job starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Values = Mapping[str, Any]

# Values that say "leave it": they may stand in any run.
OFF: dict[str, Any] = {
    "encoder": "none",
    "residual": False,
    "relations": "none",
    "edges": "stated",
    "freeze_graph": False,
    "projection": "none",
    "temperature_learnt": False,
    "hard_negatives": 0,
    "synonyms_mining": "none",
    "mask_share": 0,
    "mask_mentions": 0,
    "mask_names": 0,
}


def _mentions(values: Values) -> bool:
    return any(values[weight] for weight in ("w_align", "w_own_name", "w_link"))


def _contrast(values: Values) -> bool:
    return bool(values["w_align"] or values["w_own_name"])


def _sentences(values: Values) -> bool:
    return bool(values["w_mlm"] or _mentions(values))


def _message_passing(values: Values) -> bool:
    return bool(values["w_align"] and values["encoder"] in ("gat", "sage"))


def _gat(values: Values) -> bool:
    return bool(values["w_align"] and values["encoder"] == "gat")


def _linear(values: Values) -> bool:
    return bool(values["w_align"] and values["encoder"].startswith("linear"))


def _edges(values: Values) -> bool:
    siblings = _contrast(values) and values["hard_negatives"]
    aligned = values["w_align"] and values["encoder"] != "none"
    return bool(aligned or values["w_link"] or values["w_hierarchy"] or siblings)


def _temperature(values: Values) -> bool:
    softmax = {"align_loss": _contrast(values), "synonyms_loss": values["w_synonyms"] > 0}
    used = (there and values[loss] != "multi_similarity" for loss, there in softmax.items())
    return any(used) or any(values[weight] for weight in ("w_link", "w_hierarchy", "w_soft"))


# Setting -> (whether a run reads it, what it needs). What is not here is read by every run.
NEEDS: dict[str, tuple[Callable[[Values], Any], str]] = {
    "encoder": (lambda v: v["w_align"], "w_align above 0"),
    "layers": (_message_passing, "w_align above 0 and encoder gat or sage"),
    "heads": (_gat, "w_align above 0 and encoder gat"),
    "dropout": (_message_passing, "w_align above 0 and encoder gat or sage"),
    "residual": (_message_passing, "w_align above 0 and encoder gat or sage"),
    "relations": (_gat, "w_align above 0 and encoder gat"),
    "edges": (_edges, "w_link, w_hierarchy, hard_negatives, or w_align and an encoder"),
    "freeze_graph": (_message_passing, "w_align above 0 and encoder gat or sage"),
    "linear_tokens": (_linear, "w_align above 0 and encoder linear-v1 or linear-v2"),
    "mention_pooling": (_mentions, "w_align, w_own_name or w_link above 0"),
    "projection": (_contrast, "w_align or w_own_name above 0"),
    "projection_dim": (
        lambda v: _contrast(v) and v["projection"] != "none",
        "projection other than none, and w_align or w_own_name above 0",
    ),
    "align_loss": (_contrast, "w_align or w_own_name above 0"),
    "align_mean": (_contrast, "w_align or w_own_name above 0"),
    "temperature": (
        _temperature,
        "a contrast other than multi_similarity, or w_link, w_hierarchy or w_soft above 0",
    ),
    "temperature_learnt": (
        _temperature,
        "a contrast other than multi_similarity, or w_link, w_hierarchy or w_soft above 0",
    ),
    "hard_negatives": (_contrast, "w_align or w_own_name above 0"),
    "synonyms_loss": (lambda v: v["w_synonyms"], "w_synonyms above 0"),
    "synonyms_mining": (lambda v: v["w_synonyms"], "w_synonyms above 0"),
    "synonym_pairs": (lambda v: v["w_synonyms"], "w_synonyms above 0"),
    "hierarchy_pairs": (lambda v: v["w_hierarchy"], "w_hierarchy above 0"),
    "hierarchy_siblings": (lambda v: v["w_hierarchy"], "w_hierarchy above 0"),
    "hierarchy_parent": (lambda v: v["w_hierarchy"], "w_hierarchy above 0"),
    "mention_prior": (lambda v: v["w_hierarchy"], "w_hierarchy above 0"),
    "soft_spans": (lambda v: v["w_soft"], "w_soft above 0"),
    "soft_names": (lambda v: v["w_soft"], "w_soft above 0"),
    "link_score": (lambda v: v["w_link"], "w_link above 0"),
    "mask_share": (_sentences, "w_mlm, w_align, w_own_name or w_link above 0"),
    "mask_mentions": (_sentences, "w_mlm, w_align, w_own_name or w_link above 0"),
    "mask_names": (_mentions, "w_align, w_own_name or w_link above 0"),
}


def unused(values: Values) -> list[str]:
    """The settings that nothing in a run reads, by name.

    Args:
        values: all settings of the run, each of a right type.
    """
    return [name for name, (reads, _) in NEEDS.items() if not reads(values)]


def in_vain(train: Values, runs: Mapping[str, Values]) -> Iterator[str]:
    """One line for each setting of a run's own that does nothing in it.

    Args:
        train: what all runs share.
        runs: run -> the keys in which it differs.
    """
    for run, own in runs.items():
        for name in unused({**train, **own}):
            if name in own and own[name] != OFF.get(name):
                yield (
                    f"runs.{run}.{name}: {own[name]!r} does nothing in this run; it needs "
                    f"{NEEDS[name][1]}; take it out, or set it under train for all runs"
                )
