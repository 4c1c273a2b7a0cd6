"""Train: one aligned model a run and seed; all runs see the same pairs, steps and masks."""


rule train_run:
    """Training pairs + base language model -> the run's model, its losses and TensorBoard files."""
    input:
        pairs=pairs_of_run("train.arrow"),
        validation=pairs_of_run("validation.arrow"),
        names=pairs_of_run("node_names.arrow"),
        subgraphs="results/graph/subgraphs.parquet",
        edge_types="results/graph/edge_types.parquet",
        hierarchy="results/graph/hierarchy.parquet",
        lm=f"resources/lm/{config['lm']['name']}",
    output:
        model=directory("results/train/{run}/{seed}/model"),
        history="results/train/{run}/{seed}/history.json",
        tensorboard=directory("results/train/{run}/{seed}/tensorboard"),
    log:
        "results/logs/train/{run}/{seed}.log",
    benchmark:
        "results/benchmarks/train/{run}/{seed}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 2  # bits depend on them, also where --cores gives fewer; history.json says how many
    resources:
        mem_mb=5_000,  # measured on the demo: 4.4 GB (gat), 2.3 GB (synonyms), 1.9 GB (aligned)
        runtime=240,
        # What changes no result stands here, where Snakemake does not rerun for it; another value:
        # --set-resources train_run:workers=8, or in a profile.
        workers=0,  # processes that make batches: 2 for a GPU; on two cores they take from torch
        checkpoint_minutes=5,
        keep=2,  # newest checkpoints, beside the best by validation
        keep_finished=0,  # 1: they stay after the run's end
    params:
        settings=run_settings,
        # not an output: Snakemake would remove it before the job that is to go on from it
        checkpoints="results/train/{run}/{seed}/checkpoints",
        max_tokens=lookup(dpath="pairs/max_tokens", within=config),
        code=code_digest("train.run"),
    shell:
        "python -m bali train run"
        " --settings {params.settings:q} --run {wildcards.run:q} --seed {wildcards.seed:q}"
        " --pairs {input.pairs:q} --validation {input.validation:q}"
        " --names {input.names:q} --subgraphs {input.subgraphs:q}"
        " --edge-types {input.edge_types:q} --hierarchy {input.hierarchy:q}"
        " --lm {input.lm:q} --max-tokens {params.max_tokens:q} --threads {threads:q}"
        " --out {output.model:q} --history {output.history:q}"
        " --tensorboard {output.tensorboard:q}"
        " --workers {resources.workers} --checkpoints {params.checkpoints:q}"
        " --checkpoint-minutes {resources.checkpoint_minutes}"
        " --keep {resources.keep} --keep-finished {resources.keep_finished}"
        " --log {log:q}"


rule train:
    """The stage's target: all runs of run_set with all seeds."""
    input:
        stage("train"),
        models=expand(
            "results/train/{run}/{seed}/model", run=config["run_set"], seed=config["seeds"]
        ),
        histories=expand(
            "results/train/{run}/{seed}/history.json", run=config["run_set"], seed=config["seeds"]
        ),
    localrule: True
