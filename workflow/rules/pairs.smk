"""Pairs: sentences whose mentions know their tokens and nodes, split by document."""


rule pairs_tokens:
    """Sentences + mentions of all shards -> training examples, split by document; node names."""
    input:
        documents=expand("results/corpus/{shard}/documents.parquet", shard=SHARDS),
        sentences=expand("results/corpus/{shard}/sentences.parquet", shard=SHARDS),
        mentions=expand("results/linking/{{round}}/{shard}.parquet", shard=SHARDS),
        kept="results/corpus/kept.parquet",
        nodes="results/graph/nodes.parquet",
        names="results/umls/names.parquet",
        heldout="results/umls/heldout.parquet",
        lm="resources/lm/{lm}",
    output:
        train="results/pairs/{round}/{lm}/train.arrow",
        validation="results/pairs/{round}/{lm}/validation.arrow",
        node_names="results/pairs/{round}/{lm}/node_names.arrow",
        counts="results/pairs/{round}/{lm}/tokens.counts.json",
    log:
        "results/logs/pairs/{round}/{lm}/tokens.log",
    benchmark:
        "results/benchmarks/pairs/{round}/{lm}/tokens.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        mem_mb=2_000,  # measured: 470 MB for 22,000 sentences of the demo
        runtime=60,
    params:
        folder=subpath(output.train, parent=True),
        shards=list(SHARDS),
        max_tokens=lookup(dpath="pairs/max_tokens", within=config),
        name_tokens=lookup(dpath="pairs/name_tokens", within=config),
        methods=lookup(dpath="pairs/methods", within=config),
        min_score=lookup(dpath="pairs/min_score", within=config),
        max_per_concept=branch(
            lookup(dpath="pairs/max_per_concept", within=config),
            then=["--max-per-concept", f"{config['pairs']['max_per_concept']}"],
            otherwise=[],
        ),
        over_cap=lookup(dpath="pairs/over_cap", within=config),
        max_sentences=branch(
            lookup(dpath="pairs/max_sentences", within=config),
            then=["--max-sentences", f"{config['pairs']['max_sentences']}"],
            otherwise=[],
        ),
        validation_share=lookup(dpath="pairs/validation_share", within=config),
        seed=lookup(dpath="pairs/seed", within=config),
        code=code_digest("pairs.tokens"),
    shell:
        "python -m bali pairs tokens"
        " --documents {input.documents:q} --sentences {input.sentences:q}"
        " --mentions {input.mentions:q} --shards {params.shards:q}"
        " --kept {input.kept:q} --nodes {input.nodes:q} --names {input.names:q}"
        " --heldout {input.heldout:q} --lm {input.lm:q}"
        " --max-tokens {params.max_tokens:q} --name-tokens {params.name_tokens:q}"
        " --methods {params.methods:q} --min-score {params.min_score:q}"
        " {params.max_per_concept:q} --over-cap {params.over_cap:q} {params.max_sentences:q}"
        " --validation-share {params.validation_share:q} --seed {params.seed:q}"
        " --out-dir {params.folder:q} --counts {output.counts:q}"
        " --threads {threads}"
        " --log {log:q}"


rule pairs:
    """The stage's target: the training examples of the configured language model."""
    input:
        stage("pairs"),
        train=expand("results/pairs/{round}/{lm}/train.arrow", round=ROUND, lm=config["lm"]["name"]),
        validation=expand(
            "results/pairs/{round}/{lm}/validation.arrow", round=ROUND, lm=config["lm"]["name"]
        ),
        node_names=expand(
            "results/pairs/{round}/{lm}/node_names.arrow", round=ROUND, lm=config["lm"]["name"]
        ),
        counts=expand(
            "results/pairs/{round}/{lm}/tokens.counts.json", round=ROUND, lm=config["lm"]["name"]
        ),
    localrule: True
