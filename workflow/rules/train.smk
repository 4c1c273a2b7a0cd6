"""Train: one aligned model a run and seed; all runs see the same pairs, steps and masks."""


rule train_soft_links:
    """Spans of the training text that equal no name, with the names that they may mean."""
    input:
        pairs="results/pairs/{round}/{lm}/train.arrow",
        names="results/pairs/{round}/{lm}/node_names.arrow",
        lm="resources/lm/{lm}",
    output:
        soft_links="results/pairs/{round}/{lm}/soft_links.arrow",
        counts="results/pairs/{round}/{lm}/soft_links.counts.json",
    log:
        "results/logs/pairs/{round}/{lm}/soft_links.log",
    benchmark:
        "results/benchmarks/pairs/{round}/{lm}/soft_links.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        mem_mb=4_000,  # measured: 960 MB for 46,000 names; all their vectors are in memory
        runtime=240,
    params:
        pooling=lookup(dpath="train/name_pooling", within=config),
        name_tokens=lookup(dpath="pairs/name_tokens", within=config),
        most_words=lookup(dpath="soft_links/most_words", within=config),
        most_spans=lookup(dpath="soft_links/most_spans", within=config),
        least_cosine=lookup(dpath="soft_links/least_cosine", within=config),
        candidates=lookup(dpath="soft_links/candidates", within=config),
        temperature=lookup(dpath="soft_links/temperature", within=config),
        prior=lookup(dpath="soft_links/prior", within=config),
        seed=lookup(dpath="soft_links/seed", within=config),
        code=code_digest("train.soft_links"),
    shell:
        "python -m bali train soft_links"
        " --pairs {input.pairs:q} --names {input.names:q} --lm {input.lm:q}"
        " --pooling {params.pooling:q} --name-tokens {params.name_tokens:q}"
        " --most-words {params.most_words:q} --most-spans {params.most_spans:q}"
        " --least-cosine {params.least_cosine:q} --candidates {params.candidates:q}"
        " --temperature {params.temperature:q} --prior {params.prior:q} --seed {params.seed:q}"
        " --threads {threads:q} --out {output.soft_links:q} --counts {output.counts:q}"
        " --log {log:q}"


rule train_run:
    """Training pairs + base language model -> the run's model, its losses and TensorBoard files."""
    input:
        pairs=pairs_of_run("train.arrow"),
        validation=pairs_of_run("validation.arrow"),
        names=pairs_of_run("node_names.arrow"),
        subgraphs="results/graph/subgraphs.parquet",
        edge_types="results/graph/edge_types.parquet",
        hierarchy="results/graph/hierarchy.parquet",
        soft_links=soft_links_of_run,
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
        soft_links=lambda wildcards, input: (
            ["--soft-links", *input.soft_links] if input.soft_links else []
        ),
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
        " {params.soft_links:q}"
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
