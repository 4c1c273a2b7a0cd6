"""Helpers of the rules of linking: what each way into the mentions reads, and its memory."""

from fnmatch import fnmatchcase

method = config["linking"]["method"]
if method != "dictionary" and method not in config["pairs"]["methods"]:
    raise WorkflowError(
        f"config: linking.method is {method}, whose mentions train only if pairs.methods has "
        f"{method} too; it has {', '.join(config['pairs']['methods'])}"
    )
if method == "scispacy" and config["linking"]["model"] is None:
    raise WorkflowError(
        "config: linking.method is scispacy, and linking.model names no model; give an installed "
        "spaCy model, as en_core_sci_sm, or a folder"
    )
if RERANKER:
    if RERANKER not in config["runs"]:
        raise WorkflowError(
            f"config: linking.rerank names {RERANKER!r}, which runs does not define; "
            f"it defines {', '.join(config['runs'])}"
        )
    if config["run_set"] == [RERANKER]:
        raise WorkflowError(
            f"config: linking.rerank names {RERANKER!r}, the only run of run_set: it makes the "
            "second round and cannot train on it; add another run to run_set"
        )
    if (pooling := setting_of(RERANKER, "mention_pooling")) not in ("mean", "first", "cls"):
        raise WorkflowError(
            f"config: linking.rerank names {RERANKER!r}, whose mention_pooling is {pooling}: its "
            "weights are not in the model that a run leaves; choose a run with mean, first or cls"
        )


def pretagged_files():
    """The pre-tagged files, in the order of their names."""
    folder, pattern = (config["linking"]["pretagged"][key] for key in ("folder", "pattern"))
    there = (path for path in Path(folder).glob("*") if path.is_file())
    files = sorted(str(path) for path in there if fnmatchcase(path.name, pattern))
    if not files:
        raise WorkflowError(
            f"config: linking.pretagged: no file in {folder} is named {pattern}; "
            "docs/linking.md says what to put there"
        )
    return files


def pretagged_maps():
    """The tables of identifiers."""
    remedy = "linking.pretagged.maps names it; correct the path, or put the table there"
    return [brought(path, remedy) for path in config["linking"]["pretagged"]["maps"]]


def spacy_model_files():
    """The files of linking.model where that is a folder: another model reruns. A package has none."""
    model = config["linking"]["model"]
    if "/" in model:
        brought(f"{model}/config.cfg", "linking.model names an installed spaCy model, or a folder")
    elif not Path(model, "config.cfg").is_file():
        return []
    return sorted(str(path) for path in Path(model).rglob("*") if path.is_file())


def near_names():
    """What the dictionary looks spans up in that are near to a name, where it does."""
    if "candidates" not in config["linking"]["steps"]:
        return []
    names = ["aliases.json", "vocabulary.json", "idf.npy", "vectors.npz"]
    return [f"results/linking/kb/{name}" for name in names]


def mb_of(path):
    """The size of a file in MB. While it is not made, Snakemake takes the error for "later"."""
    return os.path.getsize(path) / 1e6


def memory_of_names(wildcards, input):
    """MB to make a lexicon. Measured: 1.4 GB for a million names, a names.parquet of 24.5 MB."""
    return int(500 + 80 * mb_of(input.names))


def memory_of_kb(wildcards, input):
    """MB for concepts and vectors. Measured: 256 MB for 46,000 names, a names.parquet of 0.6 MB."""
    return int(500 + 150 * mb_of(input.names))


def memory_of_index(wildcards, input):
    """MB for the index of scispaCy. Measured: 87 MB for 46,000 names, a vectors.npz of 5.1 MB."""
    return int(500 + 20 * mb_of(input.vectors))


def memory_of_linker(wildcards, input):
    """MB to link. Measured: 485 MB for a million names, whose arrays of 240 MB are mapped."""
    near = sum(12 * mb_of(path) for path in input.near)  # 620 MB for 6.6 MB of 46,000 names
    return int(500 + 1.5 * (mb_of(input.forms) + mb_of(input.variants)) + near)


def linking_counts():
    """Accounts of what all shards are linked with."""
    dictionary = ["kb", "names"] if near_names() else ["names"]
    made = {"dictionary": dictionary, "scispacy": ["kb"], "pretagged": ["pretagged"]}
    names = made[config["linking"]["method"]]
    return [f"results/linking/{name}.counts.json" for name in names]
