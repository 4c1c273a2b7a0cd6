"""Helpers of the rules of evaluate: which models are measured on which tasks, and with what flags."""

BASELINES = ("exact", "tfidf")  # no language model
TASKS = {}
for task in config["evaluate"]["task_set"]:
    if task not in config["evaluate"]["tasks"]:
        raise WorkflowError(
            f"config: evaluate.task_set names {task!r}, which evaluate.tasks does not define; "
            f"it defines {', '.join(config['evaluate']['tasks'])}"
        )
    TASKS[task] = config["evaluate"]["tasks"][task]

POOLED = {}  # those of which all tasks are measured
for name, members in config["evaluate"]["pooled"].items():
    if name in config["evaluate"]["tasks"]:
        raise WorkflowError(f"config: evaluate.pooled.{name}: a task has that name; rename it")
    for task in members:
        if task not in config["evaluate"]["tasks"]:
            raise WorkflowError(
                f"config: evaluate.pooled.{name} names {task!r}, which evaluate.tasks does not "
                f"define; it defines {', '.join(config['evaluate']['tasks'])}"
            )
    kinds = {config["evaluate"]["tasks"][task]["kind"] for task in members}
    if len(kinds) > 1 or kinds & {"relatedness", "map"}:
        raise WorkflowError(
            f"config: evaluate.pooled.{name}: tasks of kind {', '.join(sorted(kinds))}; a pool is "
            "of one kind: linking, heldout or relations"
        )
    if all(task in TASKS for task in members):
        POOLED[name] = members

MODELS = {}
for name in config["evaluate"]["model_set"]:
    if name not in config["evaluate"]["models"]:
        raise WorkflowError(
            f"config: evaluate.model_set names {name!r}, which evaluate.models does not define; "
            f"it defines {', '.join(config['evaluate']['models']) or 'none'}"
        )
    MODELS[name] = config["evaluate"]["models"][name]
    if name in (*config["runs"], "base", *BASELINES, config["lm"]["name"]):
        raise WorkflowError(f"config: the name {name!r} in evaluate.models is taken; rename it")

CONTROLS = []  # run=control, where both are measured
for held, against in config["evaluate"]["controls"].items():
    defined = dict.fromkeys([*config["runs"], *config["evaluate"]["models"]])
    for control in [against] if isinstance(against, str) else against:
        for name in (held, control):
            if name not in defined:
                raise WorkflowError(
                    f"config: evaluate.controls.{held} is held against {control}: neither runs nor "
                    f"evaluate.models defines {name!r}; they define {', '.join(defined)}"
                )
        if held == control:
            raise WorkflowError(
                f"config: evaluate.controls.{held}: a run is no control of its own; name another"
            )
        if {held, control} <= {*config["run_set"], *MODELS}:
            CONTROLS.append(f"{held}={control}")


def tasks_of(kind):
    """Names of the tasks of a kind, as they are asked for."""
    return [task for task, options in TASKS.items() if options["kind"] == kind]


wildcard_constraints:
    linking_task="|".join(tasks_of("linking")) or "(?!)",
    heldout_task="|".join(tasks_of("heldout")) or "(?!)",
    relations_task="|".join(tasks_of("relations")) or "(?!)",
    relatedness_task="|".join(tasks_of("relatedness")) or "(?!)",
    map_task="|".join(tasks_of("map")) or "(?!)",


def baselines_of(task):
    """Baselines without a model that a task has."""
    return {"relatedness": ("tfidf",), "map": ()}.get(TASKS[task]["kind"], BASELINES)


def measured():
    """(run, seed) of every model: the base LM first, then evaluate.models, then the runs."""
    others = [("base", 0), *((name, 0) for name in MODELS)]
    return others + [(run, seed) for run in config["run_set"] for seed in config["seeds"]]


def results_of(task):
    """The result files of one task."""
    models = [*((name, 0) for name in baselines_of(task)), *measured()]
    task_seed = config["evaluate"]["seed"]
    return [f"results/evaluate/{run}/{seed}/{task}/{task_seed}.json" for run, seed in models]


def all_results(*, maps=False):
    """The result files of all tasks that have figures, or of all maps."""
    return [
        path
        for task, options in TASKS.items()
        for path in results_of(task)
        if (options["kind"] == "map") == maps
    ]


def measured_model(wildcards):
    """The folder of the model that a run stands for."""
    if wildcards.run == "base":
        return f"resources/lm/{config['lm']['name']}"
    if wildcards.run in MODELS:
        return f"resources/lm/{wildcards.run}"
    return f"results/train/{wildcards.run}/{wildcards.seed}/model"


def measured_source(wildcards):
    """The flags of where one of evaluate.models comes from."""
    model = MODELS[wildcards.measured]
    flags = ["--source", model["source"]]
    return flags + (["--revision", model["revision"]] if model.get("revision") else [])


def measured_files(wildcards):
    """Files of its folder, so that other weights rerun; all else is pinned."""
    name = wildcards.measured
    return lm_files(MODELS[name], f"evaluate.models.{name}")


def name_pooling(wildcards):
    """How a model pools the tokens of names: as it was trained; the base LM as `train` says."""
    if wildcards.run in MODELS:
        return MODELS[wildcards.run]["pooling"]
    return {**config["train"], **config["runs"].get(wildcards.run, {})}["name_pooling"]


def scorer_files(wildcards):
    """The model of a run and its vectors of all names; none of a baseline."""
    if wildcards.run in BASELINES:
        return {}
    files = {"model": measured_model(wildcards)}
    task = wildcards.get("linking_task")
    own_names = task and TASKS[task].get("dictionary") or wildcards.get("relatedness_task")
    if not own_names:
        files["vectors"] = f"results/evaluate/{wildcards.run}/{wildcards.seed}/names.npy"
        files["recipe"] = f"{files['vectors']}.json"
    return files


def scorer_flags(wildcards):
    """The flags of who answers."""
    if wildcards.run in BASELINES:
        return [f"--{wildcards.run}"]
    files = scorer_files(wildcards)
    flags = ["--model", files["model"], "--pooling", name_pooling(wildcards)]
    flags += ["--vectors", files["vectors"]] if "vectors" in files else []
    flags += ["--batch-size", config["evaluate"]["batch_size"]]
    flags += ["--max-tokens", config["pairs"]["name_tokens"]]
    return flags + ["--precision", config["evaluate"]["precision"]]


GOLD_KEYS = ("gold", "train", "identifiers", "dictionary")


def gold_files(wildcards):
    """The files of a linking task."""
    options = TASKS[wildcards.linking_task]
    files = {key: options[key] for key in GOLD_KEYS if options.get(key)}
    return files | {key: [options[key]] for key in ("pmids", "train_pmids") if options.get(key)}


def gold_text(wildcards):
    """The files that say which documents a linking task asks about; its training part trains."""
    options = TASKS[wildcards.linking_task]
    return {key: options[key] for key in ("gold", "pmids") if options.get(key)}


def gold_text_flags(wildcards):
    """Their flags."""
    options = TASKS[wildcards.linking_task]
    flags = ["--layout", options["layout"], "--gold", *options["gold"]]
    return flags + (["--pmids", options["pmids"]] if options.get("pmids") else [])


def linking_flags(wildcards):
    """The flags of a linking task."""
    options = TASKS[wildcards.linking_task]
    flags = ["--layout", options["layout"]]
    for key in (*GOLD_KEYS, "types"):
        if options.get(key):
            flags += [f"--{key}", *options[key]]
    for key in ("pmids", "train_pmids"):
        if options.get(key):
            flags += [f"--{key.replace('_', '-')}", options[key]]
    if options.get("expand_abbreviations"):
        flags.append("--expand-abbreviations")
    # a baseline reads no sentence: it answers the same question from the mention alone
    if options.get("context") and wildcards.run not in BASELINES:
        flags.append("--context")
    return flags


def rated_pairs(wildcards):
    """The file of a relatedness task."""
    return TASKS[wildcards.relatedness_task]["pairs"]


def most_questions(wildcards):
    """How many questions a task draws, or concepts a map; 0 for all."""
    task = wildcards.get("relations_task") or wildcards.get("map_task")
    return TASKS[task].get("most", 500 if TASKS[task]["kind"] == "map" else 0)


for path in config["corpus"]["exclude"]:
    brought(path, "corpus.exclude names it")
for task, options in TASKS.items():
    if options["kind"] == "relations" and not HELD_OUT:
        raise WorkflowError(
            f"config: evaluate.tasks.{task} asks for held-out relations, but graph.heldout.share "
            "is 0; raise it"
        )
    remedy = f"evaluate.tasks.{task} names it"
    for key in GOLD_KEYS:
        for path in options.get(key, ()):
            brought(path, remedy)
    for key in ("pmids", "train_pmids", "pairs"):
        if options.get(key):
            brought(options[key], remedy)
