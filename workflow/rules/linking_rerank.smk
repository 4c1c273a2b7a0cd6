"""The second round of linking, by a model, included where linking.rerank names a run.

The run trains on the first round; its model puts the candidates of each mention in order; all
other runs train on what comes out.
"""


rule linking_rerank:
    """Mentions of one shard, their candidates in the order of the run's model."""
    input:
        mentions="results/linking/1/{shard}.parquet",
        documents="results/corpus/{shard}/documents.parquet",
        sentences="results/corpus/{shard}/sentences.parquet",
        names="results/umls/names.parquet",
        model=f"results/train/{RERANKER}/{config['seeds'][0]}/model",
    output:
        mentions="results/linking/2/{shard}.parquet",
        counts="results/linking/2/{shard}.counts.json",
    log:
        "results/logs/linking/2/{shard}.log",
    benchmark:
        "results/benchmarks/linking/2/{shard}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        mem_mb=4_000,  # names of ambiguous concepts x width x 4 bytes, and the shard's mentions
        runtime=480,
    params:
        name_pooling=setting_of(RERANKER, "name_pooling"),
        mention_pooling=setting_of(RERANKER, "mention_pooling"),
        max_tokens=lookup(dpath="pairs/max_tokens", within=config),
        name_tokens=lookup(dpath="pairs/name_tokens", within=config),
        batch_size=lookup(dpath="evaluate/batch_size", within=config),
        code=code_digest("linking.rerank"),
    shell:
        "python -m bali linking rerank"
        " --mentions {input.mentions:q} --documents {input.documents:q}"
        " --sentences {input.sentences:q} --names {input.names:q} --model {input.model:q}"
        " --name-pooling {params.name_pooling:q} --mention-pooling {params.mention_pooling:q}"
        " --max-tokens {params.max_tokens:q} --name-tokens {params.name_tokens:q}"
        " --batch-size {params.batch_size:q} --threads {threads}"
        " --out {output.mentions:q} --counts {output.counts:q}"
        " --log {log:q}"
