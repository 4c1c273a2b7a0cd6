"""Evaluate: every model on every task; a model is a run, the base LM or one of evaluate.models.

A result is a target of its own: results/evaluate/{run}/{seed}/{task}/{task_seed}.json. The runs
`exact` and `tfidf` are baselines without a model.
"""


rule evaluate_model:
    """One of evaluate.models, from wherever model_fetch takes one -> resources/lm/<name>."""
    input:
        files=measured_files,
    output:
        folder=directory("resources/lm/{measured}"),
    log:
        "results/logs/evaluate/models/{measured}.log",
    wildcard_constraints:
        measured="|".join(MODELS) or "(?!)",
    localrule: True  # compute nodes often have no network
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=4_000,
        runtime=60,
    params:
        source=measured_source,
        code=code_digest("model.fetch"),
    shell:
        "python -m bali model fetch"
        " --name {wildcards.measured:q} {params.source:q} --out {output.folder:q}"
        " --log {log:q}"


rule evaluate_names:
    """The vectors of all names by one model, for all its tasks."""
    input:
        names="results/umls/names.parquet",
        model=measured_model,
    output:
        vectors="results/evaluate/{run}/{seed}/names.npy",
        recipe="results/evaluate/{run}/{seed}/names.npy.json",
    log:
        "results/logs/evaluate/{run}/{seed}/names.log",
    benchmark:
        "results/benchmarks/evaluate/{run}/{seed}/names.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1  # runs are encoded side by side: two threads on one are slower than two runs on two
    resources:
        mem_mb=2_500,  # 1.2 GB for 42,000 strings and a 6x384 LM
        runtime=600,
    params:
        pooling=name_pooling,
        batch_size=lookup(dpath="evaluate/batch_size", within=config),
        max_tokens=lookup(dpath="pairs/name_tokens", within=config),
        precision=lookup(dpath="evaluate/precision", within=config),
        code=code_digest("evaluate.names"),
    shell:
        "python -m bali evaluate names"
        " --names {input.names:q} --model {input.model:q} --pooling {params.pooling:q}"
        " --batch-size {params.batch_size:q} --max-tokens {params.max_tokens:q}"
        " --precision {params.precision:q} --threads {threads:q}"
        " --out {output.vectors:q}"
        " --log {log:q}"


rule evaluate_heldout:
    """Held-out names: the nearest of all remaining names."""
    input:
        unpack(scorer_files),
        heldout="results/umls/heldout.parquet",
        names="results/umls/names.parquet",
    output:
        metrics="results/evaluate/{run}/{seed}/{heldout_task}/{task_seed}.json",
        times="results/evaluate/{run}/{seed}/{heldout_task}/{task_seed}.time.json",
    log:
        "results/logs/evaluate/{run}/{seed}/{heldout_task}/{task_seed}.log",
    benchmark:
        "results/benchmarks/evaluate/{run}/{seed}/{heldout_task}/{task_seed}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=4_000,  # 4 million names of 768 numbers: see bali/evaluate/search.py
        runtime=240,
    params:
        scorer=scorer_flags,
        bootstrap=lookup(dpath="evaluate/bootstrap", within=config),
        code=code_digest("evaluate.heldout"),
    shell:
        "python -m bali evaluate heldout"
        " --heldout {input.heldout:q} --names {input.names:q}"
        " {params.scorer:q} --threads {threads:q}"
        " --run {wildcards.run:q} --seed {wildcards.seed:q} --task {wildcards.heldout_task:q}"
        " --task-seed {wildcards.task_seed:q} --bootstrap {params.bootstrap:q}"
        " --out {output.metrics:q}"
        " --log {log:q}"


rule evaluate_linking:
    """Gold mentions: the nearest of all names."""
    input:
        unpack(scorer_files),
        unpack(gold_files),
        names="results/umls/names.parquet",
        codes="results/umls/codes.parquet",
        retired="results/umls/retired.parquet",
        semantic_types="results/umls/semantic_types.parquet",
    output:
        metrics="results/evaluate/{run}/{seed}/{linking_task}/{task_seed}.json",
        times="results/evaluate/{run}/{seed}/{linking_task}/{task_seed}.time.json",
    log:
        "results/logs/evaluate/{run}/{seed}/{linking_task}/{task_seed}.log",
    benchmark:
        "results/benchmarks/evaluate/{run}/{seed}/{linking_task}/{task_seed}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=4_000,  # as evaluate_heldout
        runtime=240,
    params:
        scorer=scorer_flags,
        options=linking_flags,
        bootstrap=lookup(dpath="evaluate/bootstrap", within=config),
        context_tokens=lookup(dpath="pairs/max_tokens", within=config),
        code=code_digest("evaluate.linking"),
    shell:
        "python -m bali evaluate linking"
        " {params.options:q} --names {input.names:q} --codes {input.codes:q}"
        " --retired {input.retired:q} --semantic-types {input.semantic_types:q}"
        " --context-tokens {params.context_tokens:q}"
        " {params.scorer:q} --threads {threads:q}"
        " --run {wildcards.run:q} --seed {wildcards.seed:q} --task {wildcards.linking_task:q}"
        " --task-seed {wildcards.task_seed:q} --bootstrap {params.bootstrap:q}"
        " --out {output.metrics:q}"
        " --log {log:q}"


rule evaluate_relations:
    """Held-out relations: filtered ranks of one end, asked by the other's name."""
    input:
        unpack(scorer_files),
        heldout="results/graph/heldout_relations.parquet",
        relations="results/graph/relations.parquet",
        concepts="results/umls/concepts.parquet",
        names="results/umls/names.parquet",
    output:
        metrics="results/evaluate/{run}/{seed}/{relations_task}/{task_seed}.json",
        times="results/evaluate/{run}/{seed}/{relations_task}/{task_seed}.time.json",
    log:
        "results/logs/evaluate/{run}/{seed}/{relations_task}/{task_seed}.log",
    benchmark:
        "results/benchmarks/evaluate/{run}/{seed}/{relations_task}/{task_seed}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=4_000,  # as evaluate_heldout
        runtime=240,
    params:
        scorer=scorer_flags,
        most=most_questions,
        bootstrap=lookup(dpath="evaluate/bootstrap", within=config),
        code=code_digest("evaluate.relations"),
    shell:
        "python -m bali evaluate relations"
        " --heldout {input.heldout:q} --relations {input.relations:q}"
        " --concepts {input.concepts:q} --names {input.names:q} --most {params.most:q}"
        " {params.scorer:q} --threads {threads:q}"
        " --run {wildcards.run:q} --seed {wildcards.seed:q} --task {wildcards.relations_task:q}"
        " --task-seed {wildcards.task_seed:q} --bootstrap {params.bootstrap:q}"
        " --out {output.metrics:q}"
        " --log {log:q}"


rule evaluate_relatedness:
    """Rated pairs of terms: rank correlation of ratings and cosines."""
    input:
        unpack(scorer_files),
        pairs=rated_pairs,
    output:
        metrics="results/evaluate/{run}/{seed}/{relatedness_task}/{task_seed}.json",
        times="results/evaluate/{run}/{seed}/{relatedness_task}/{task_seed}.time.json",
    log:
        "results/logs/evaluate/{run}/{seed}/{relatedness_task}/{task_seed}.log",
    benchmark:
        "results/benchmarks/evaluate/{run}/{seed}/{relatedness_task}/{task_seed}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=2_500,
        runtime=30,
    params:
        scorer=scorer_flags,
        bootstrap=lookup(dpath="evaluate/bootstrap", within=config),
        code=code_digest("evaluate.relatedness"),
    shell:
        "python -m bali evaluate relatedness"
        " --pairs {input.pairs:q}"
        " {params.scorer:q} --threads {threads:q}"
        " --run {wildcards.run:q} --seed {wildcards.seed:q} --task {wildcards.relatedness_task:q}"
        " --task-seed {wildcards.task_seed:q} --bootstrap {params.bootstrap:q}"
        " --out {output.metrics:q}"
        " --log {log:q}"


rule evaluate_map:
    """Concept vectors in two dimensions, of a language model."""
    input:
        unpack(scorer_files),
        names="results/umls/names.parquet",
        semantic_types="results/umls/semantic_types.parquet",
    output:
        metrics="results/evaluate/{run}/{seed}/{map_task}/{task_seed}.json",
        times="results/evaluate/{run}/{seed}/{map_task}/{task_seed}.time.json",
    log:
        "results/logs/evaluate/{run}/{seed}/{map_task}/{task_seed}.log",
    benchmark:
        "results/benchmarks/evaluate/{run}/{seed}/{map_task}/{task_seed}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=4_000,
        runtime=60,
    params:
        scorer=scorer_flags,
        most=most_questions,
        bootstrap=lookup(dpath="evaluate/bootstrap", within=config),
        code=code_digest("evaluate.map"),
    shell:
        "python -m bali evaluate map"
        " --names {input.names:q} --semantic-types {input.semantic_types:q} --most {params.most:q}"
        " {params.scorer:q} --threads {threads:q}"
        " --run {wildcards.run:q} --seed {wildcards.seed:q} --task {wildcards.map_task:q}"
        " --task-seed {wildcards.task_seed:q} --bootstrap {params.bootstrap:q}"
        " --out {output.metrics:q}"
        " --log {log:q}"


rule evaluate:
    """Target: every run and seed on every task, and the baselines."""
    input:
        stage("evaluate"),
        metrics=all_results(),
        maps=all_results(maps=True),
    localrule: True
