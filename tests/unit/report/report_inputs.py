"""Inputs of a report, small enough to be checked by eye: two shards, three concepts, two runs."""

import json
from pathlib import Path

from bali.storage import from_columns, write_table
from bali.tables import TABLES

HOSTILE = 'Fish & <script>alert("1")</script>'
# keys of `train` that tell what a run stands for
TRAIN = {"encoder": "gat", "edges": "stated", "freeze_graph": False, "w_align": 1.0} | {
    f"w_{name}": 0.0 for name in ("own_name", "synonyms", "hierarchy", "soft", "link")
}
SETTINGS = {
    "umls": {"meta": ["resources/umls/2023AB/META"]},
    "corpus": {
        "folder": "resources/pubmed/tiny",
        "first": "1",
        "last": "2",
        "texts": {"files": []},
    },
    "lm": {"name": "tiny-lm"},
    "train": TRAIN,
    "runs": {"gat": {}, "names-only": {"encoder": "none"}, "mlm-only": {"w_align": 0.0}},
    "run_set": ["gat", "names-only"],
    "seeds": [29],
    "evaluate": {"models": {}},
}
TITLE, ABSTRACT = "Fever.", "Fever and cough 🌡 hurt."
CREDIT = {  # run -> credit at 1 of the four test concepts
    "exact": [0.25, 0.25, 0.25, 0.25],
    "base": [0.0, 0.0, 1.0, 0.0],
    "names-only": [1.0, 0.0, 1.0, 0.0],
    "gat": [1.0, 1.0, 1.0, 0.5],
}


def metrics(run, credit, seed=0, cuis=("C0000001", "C0000002", "C0000003", "C0000004")):
    rows = list(range(len(credit)))
    return {
        "task": "heldout",
        "kind": "heldout",
        "run": run,
        "seed": seed,
        "task_seed": 29,
        "settings": {"bootstrap": 500},
        "unit": "concept",
        "items": {
            "unit": list(cuis),
            "labels": {},
            "scores": {"acc@1": credit, "acc@5": [1.0] * len(credit)},
            "sets": {"dev": rows, "test": rows},
        },
    }


def rows(table, path, *records):
    columns = {
        name: [record[i] for record in records] for i, name in enumerate(TABLES[table].columns)
    }
    write_table(table, from_columns(table, columns), path)


def write_shard(folder, number, pmid):
    mention = (pmid, 1, 1)
    rows(
        "mentions",
        folder / f"{number}.mentions.parquet",
        (*mention, 7, 12, "Fever", "C0000001", 1.0, 0, "exact"),
        (*mention, 17, 22, "cough", "C0000002", 0.93, 0, "candidate"),
        (*mention, 17, 22, "cough", "C0000003", 0.87, 1, "candidate"),
    )
    rows(
        "sentences",
        folder / f"{number}.sentences.parquet",
        (pmid, 1, 0, 0, 6),
        (pmid, 1, 1, 7, 7 + len(ABSTRACT)),
    )
    record = (pmid, 1, TITLE, ABSTRACT, [], ["eng"], "J", 2020, "2020", "", [], [], False)
    record += ("", "", "tiny.xml.gz")
    rows("documents", folder / f"{number}.documents.parquet", record)


def write_json(path: Path, value):
    path.write_text(json.dumps(value))
    return path


def write_inputs(folder):
    """Write all inputs into a folder; `flags_for` names them."""
    rows(
        "nodes",
        folder / "nodes.parquet",
        (0, "C0000001", HOSTILE, 2),
        (1, "C0000002", "Cough", 1),
        (2, "C0000003", "Rash", 0),
    )
    rows(
        "names",
        folder / "names.parquet",
        *((cui, "a name", "S", "PT", True) for cui in ("C0000001", "C0000002", "C0000003")),
    )
    rows("relations", folder / "relations.parquet", ("C0000002", "C0000001", "CHD", "isa", "S"))
    rows("edge_types", folder / "edge_types.parquet", (0, "CHD", "isa", False, "is a kind of"))
    # record 102 stood in shard 1 as well, and a later shard replaced it there
    rows("kept", folder / "kept.parquet", (101, 1, "1"), (102, 1, "2"))
    for shard in (1, 2):
        write_shard(folder, shard, pmid=100 + shard)
        counts = {"read": 10, "kept": 7, "dropped": [["language", 1], ["suppressed", 2]]}
        write_json(
            folder / f"{shard}.counts.json",
            {"step": "corpus.documents", "tables": {"documents": counts}, "facts": {"x": 1}},
        )
    write_json(
        folder / "csr.counts.json",
        {"step": "graph.csr", "tables": {}, "facts": {"components": 4321}},
    )
    write_task_outputs(folder)
    for run, credit in CREDIT.items():
        write_json(folder / f"{run}.metrics.json", metrics(run, credit))
    for run, losses in (("gat", {"mlm": 2.0, "align": 1.0}), ("names-only", {"align": 1.0})):
        step = {"step": 1, "epoch": 1, "loss": 3.0, "losses": losses}
        history = {"steps": [step, step | {"step": 2}], "validation": [step]}
        write_json(folder / f"{run}.history.json", {"run": run, "seed": 29, **history})


def write_task_outputs(folder):
    """What `bali report tasks` leaves."""
    header = "task,kind,set,figure,run,seeds,questions,units,value,low,high,deviation,gain,gain_low"
    row = "ncbi,linking,refined,acc@1,gat,1,257,75,0.7,0.6,0.8,,0.058,0.02,0.09,0.001,0.002"
    (folder / "gains.csv").write_text(f"{header},gain_high,p,p_holm\n{row}\n")
    header = "task,kind,set,figure,run,control,seeds,control_seeds,questions,units,value"
    shared = "gat,names-only,1,1,257,75,0.7,0.68,0.021,-0.011,0.052"
    rows = [f"ncbi,linking,refined,acc@1,{shared},0.2,0.4", f"ncbi,linking,seen,acc@5,{shared},,"]
    header += ",control_value,gain,gain_low,gain_high,p,p_holm"
    (folder / "controls.csv").write_text("\n".join([header, *rows, ""]))
    for name in ("gains", "groups", "map"):
        (folder / f"{name}.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")


def flags_for(inputs):
    """Flag -> values of `bali report page` over the folder of `write_inputs`."""

    def files(pattern):
        return [str(path) for path in sorted(inputs.glob(pattern))]

    return {
        "--counts": files("*.counts.json"),
        "--gains": [str(inputs / "gains.csv")],
        "--controls": [str(inputs / "controls.csv")],
        **{f"--{n}-figure": [str(inputs / f"{n}.svg")] for n in ("gains", "groups", "map")},
        "--metrics": files("*.metrics.json"),
        "--histories": files("*.history.json"),
        **{f"--{t}": files(f"?.{t}.parquet") for t in ("mentions", "sentences", "documents")},
        **{
            f"--{t.replace('_', '-')}": files(f"{t}.parquet")
            for t in ("nodes", "edge_types", "names", "relations", "kept")
        },
        "--shards": ["1", "2"],
        "--seed": ["29"],
        "--config": [json.dumps(SETTINGS)],
        "--out": [str(inputs / "index.html")],
        "--results": [str(inputs / "results.csv")],
        "--differences": [str(inputs / "differences.csv")],
        **{f"--{n}-figure": [str(inputs / f"{n}.svg")] for n in ("losses", "dropped", "accuracy")},
    }


def command(flags):
    return ["report", "page", *(word for flag, values in flags.items() for word in (flag, *values))]
