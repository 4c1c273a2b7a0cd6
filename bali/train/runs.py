"""The runs of a config: what is wrong with them before anything trains.

No torch is imported here: the rules, `bali doctor` and `bali train estimate` ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bali.train.unused import in_vain

BASELINES = ("base", "exact", "tfidf")  # no run's name


def mistakes_of_runs(config: Mapping[str, Any], names: list[str]) -> Iterator[str]:
    """One line for each mistake, with its remedy.

    Args:
        config: as the schema wants it: `train`, `runs` and `soft_links` are read.
        names: of the runs to look at, as in `run_set`.
    """
    runs, train = config["runs"], config["train"]
    for name in names:
        if name not in runs:
            yield (
                f"run_set names {name!r}, which runs does not define; it defines {', '.join(runs)}"
            )
        elif name in BASELINES:
            yield f"the run name {name!r} is taken by a baseline; rename it"
    chosen = {name: own for name, own in runs.items() if name in names}
    yield from in_vain(train, chosen)
    for name, own in chosen.items():
        if {**train, **own}["w_soft"]:
            yield from _soft_links_of_others(name, own, config)


def _soft_links_of_others(
    name: str, own: Mapping[str, Any], config: Mapping[str, Any]
) -> Iterator[str]:
    """Soft links are made once for all runs, of names as `train` pools them at the last layer."""
    train, most = config["train"], config["soft_links"]["candidates"]
    of_run = {**train, **own}
    for key, made in (("name_pooling", train["name_pooling"]), ("hidden_layer", -1)):
        if of_run[key] != made:
            where = f"runs.{name}" if key in own else "train"
            yield (
                f"{where}.{key}: {of_run[key]!r}, but run {name} has w_soft above 0, and soft "
                f"links are made with {made!r}; set runs.{name}.{key} to that, or w_soft to 0"
            )
    if of_run["soft_names"] > most:
        where = f"runs.{name}" if "soft_names" in own else "train"
        yield (
            f"{where}.soft_names: {of_run['soft_names']} is more than soft_links.candidates, "
            f"{most}; lower the one or raise the other"
        )
