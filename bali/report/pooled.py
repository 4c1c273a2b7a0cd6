"""Several tasks as one: their questions side by side, so that a gain is tested over all of them.

Each question weighs the same, whichever task asked it. A document that two tasks ask about is one
unit: it is drawn, or its sign changed, with the mentions of both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bali.errors import InputError

Files = Mapping[str, Sequence[dict[str, Any]]]  # run -> its result files, one a seed


def pool(name: str, members: Sequence[str], tasks: Mapping[str, Files]) -> Files:
    """The result files of a pool, for the runs that every member has, in the first one's order.

    Args:
        name: of the pool.
        members: names of tasks, at least two.
        tasks: task -> run -> result files.

    Raises:
        InputError: a member is no task, or was measured otherwise than the first.
    """
    where = f"pool {name}"
    if len(set(members)) < 2:
        raise InputError(f"{where}: {', '.join(members) or 'nothing'}; name two tasks or more")
    for member in members:
        if member not in tasks:
            raise InputError(f"{where}: no result of task {member!r}; there are {', '.join(tasks)}")
    one = [next(iter(tasks[member].values()))[0] for member in members]
    for key in ("kind", "unit", "task_seed"):
        if len({result[key] for result in one}) > 1:
            raise InputError(f"{where}: the tasks {', '.join(members)} differ in their {key}")
    if len({result["settings"]["bootstrap"] for result in one}) > 1:
        raise InputError(f"{where}: the tasks {', '.join(members)} differ in their bootstrap")
    if one[0]["kind"] == "relatedness":
        raise InputError(f"{where}: ratings on different scales have no common rank correlation")
    runs = [run for run in tasks[members[0]] if all(run in tasks[member] for member in members)]
    return {run: _of_run(where, run, [tasks[member][run] for member in members]) for run in runs}


def _of_run(
    where: str, run: str, members: Sequence[Sequence[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """One pooled result a training seed."""
    by_seed = [{result["seed"]: result for result in results} for results in members]
    seeds = sorted(by_seed[0])
    for found in by_seed:
        if sorted(found) != seeds:
            raise InputError(
                f"{where}: run {run} has the seeds {seeds} in one task and {sorted(found)} in "
                "another; measure them all: snakemake evaluate"
            )
    return [_joined([found[seed] for found in by_seed]) for seed in seeds]


def _joined(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One result of the questions of several; sets, figures and labels that all of them have."""
    items = [result["items"] for result in results]
    starts = [sum(len(i["unit"]) for i in items[:place]) for place in range(len(items))]
    sets, scores, labels = (
        [key for key in items[0][part] if all(key in other[part] for other in items)]
        for part in ("sets", "scores", "labels")
    )
    return {
        **{key: results[0][key] for key in ("kind", "run", "seed", "task_seed", "unit")},
        "settings": {"bootstrap": results[0]["settings"]["bootstrap"]},
        "items": {
            "unit": [unit for i in items for unit in i["unit"]],
            "sets": {
                key: [s + q for s, i in zip(starts, items, strict=True) for q in i["sets"][key]]
                for key in sets
            },
            "scores": {key: [score for i in items for score in i["scores"][key]] for key in scores},
            "labels": {key: [label for i in items for label in i["labels"][key]] for key in labels},
        },
    }
