"""Result files of tasks, small enough to be worked out by hand."""

UNITS = [f"d{i // 2}" for i in range(12)]  # six documents of two mentions


def result(
    run, scores, *, task="ncbi_50%", kind="linking", seed=0, units=UNITS, sets=None, **change
):
    """A result of one model and seed; `scores` of linking stand for all three figures."""
    rows, linking = list(range(len(units))), kind == "linking"
    if linking:
        scores = {"acc@1": scores, "acc@5": scores, "mrr": scores}
        sets = sets or {"full": rows, "refined": rows[:6], "composite": []}
    return {
        "task": task,
        "kind": kind,
        "run": run,
        "seed": seed,
        "task_seed": 29,
        "unit": "document",
        "data": {"names.parquet": "0123"},
        "settings": {"bootstrap": 200},
        "items": {
            "unit": units,
            "labels": {"semantic group": ["DISO"] * (len(units) - 1) + [""]} if linking else {},
            "scores": scores,
            "sets": sets or {"full": rows},
        },
    } | change
