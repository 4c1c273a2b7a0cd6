"""Evaluate: zero-shot linking of the held-out names, by every run, the base LM and exact match."""


# `base` and `exact` are no runs: common.smk refuses runs of these names.
ruleorder: evaluate_base > evaluate_exact > evaluate_heldout


rule evaluate_heldout:
    """One run and seed: the nearest of all remaining names, by the aligned model."""
    input:
        heldout="results/umls/heldout.parquet",
        names="results/umls/names.parquet",
        model="results/train/{run}/{seed}/model",
    output:
        metrics="results/evaluate/{run}/{seed}/heldout/{task_seed}.json",
    log:
        "results/logs/evaluate/{run}/{seed}/heldout/{task_seed}.log",
    benchmark:
        "results/benchmarks/evaluate/{run}/{seed}/heldout/{task_seed}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1  # runs are encoded side by side: two threads on one are slower than two runs on two
    resources:
        mem_mb=2_500,  # 1.2 GB for 42,000 strings and a 6x384 LM; names x width x 4 bytes on top
        runtime=60,
    params:
        pooling=name_pooling,
        batch_size=lookup(dpath="evaluate/batch_size", within=config),
        max_tokens=lookup(dpath="pairs/name_tokens", within=config),
        bootstrap=lookup(dpath="evaluate/bootstrap", within=config),
        code=code_digest("evaluate.heldout"),
    shell:
        "python -m bali evaluate heldout"
        " --heldout {input.heldout:q} --names {input.names:q}"
        " --model {input.model:q} --pooling {params.pooling:q}"
        " --run {wildcards.run:q} --seed {wildcards.seed:q} --task-seed {wildcards.task_seed:q}"
        " --batch-size {params.batch_size:q} --max-tokens {params.max_tokens:q}"
        " --bootstrap {params.bootstrap:q} --threads {threads:q}"
        " --out {output.metrics:q}"
        " --log {log:q}"


rule evaluate_base:
    """The base LM as it came, pooled as `train` says."""
    input:
        heldout="results/umls/heldout.parquet",
        names="results/umls/names.parquet",
        model=f"resources/lm/{config['lm']['name']}",
    output:
        metrics="results/evaluate/base/0/heldout/{task_seed}.json",
    log:
        "results/logs/evaluate/base/0/heldout/{task_seed}.log",
    benchmark:
        "results/benchmarks/evaluate/base/0/heldout/{task_seed}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1  # runs are encoded side by side: two threads on one are slower than two runs on two
    resources:
        mem_mb=2_500,  # as evaluate_heldout
        runtime=60,
    params:
        pooling=lookup(dpath="train/name_pooling", within=config),
        batch_size=lookup(dpath="evaluate/batch_size", within=config),
        max_tokens=lookup(dpath="pairs/name_tokens", within=config),
        bootstrap=lookup(dpath="evaluate/bootstrap", within=config),
        code=code_digest("evaluate.heldout"),
    shell:
        "python -m bali evaluate heldout"
        " --heldout {input.heldout:q} --names {input.names:q}"
        " --model {input.model:q} --pooling {params.pooling:q}"
        " --run base --seed 0 --task-seed {wildcards.task_seed:q}"
        " --batch-size {params.batch_size:q} --max-tokens {params.max_tokens:q}"
        " --bootstrap {params.bootstrap:q} --threads {threads:q}"
        " --out {output.metrics:q}"
        " --log {log:q}"


rule evaluate_exact:
    """Equal normal forms: what can be had without a model."""
    input:
        heldout="results/umls/heldout.parquet",
        names="results/umls/names.parquet",
    output:
        metrics="results/evaluate/exact/0/heldout/{task_seed}.json",
    log:
        "results/logs/evaluate/exact/0/heldout/{task_seed}.log",
    benchmark:
        "results/benchmarks/evaluate/exact/0/heldout/{task_seed}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=1_000,  # 0.55 GB for 39,000 names
        runtime=30,
    params:
        bootstrap=lookup(dpath="evaluate/bootstrap", within=config),
        code=code_digest("evaluate.heldout"),
    shell:
        "python -m bali evaluate heldout"
        " --heldout {input.heldout:q} --names {input.names:q} --exact"
        " --run exact --seed 0 --task-seed {wildcards.task_seed:q}"
        " --bootstrap {params.bootstrap:q}"
        " --out {output.metrics:q}"
        " --log {log:q}"


rule evaluate:
    """Target: every run and seed, and both baselines."""
    input:
        stage("evaluate"),
        runs=expand(
            "results/evaluate/{run}/{seed}/heldout/{task_seed}.json",
            run=config["run_set"],
            seed=config["seeds"],
            task_seed=config["evaluate"]["seed"],
        ),
        base=f"results/evaluate/base/0/heldout/{config['evaluate']['seed']}.json",
        exact=f"results/evaluate/exact/0/heldout/{config['evaluate']['seed']}.json",
    localrule: True
