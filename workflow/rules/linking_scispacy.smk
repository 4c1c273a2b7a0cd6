"""Linking by a spaCy model and scispaCy, included where linking.method is scispacy."""

SPACY_MODEL_FILES = spacy_model_files()


ruleorder: linking_scispacy > linking_mentions


rule linking_scispacy:
    """Mentions that the model of linking.model finds in one shard, with scispaCy's candidates."""
    input:
        documents="results/corpus/{shard}/documents.parquet",
        sentences="results/corpus/{shard}/sentences.parquet",
        heldout="results/umls/heldout.parquet",
        semantic_types="results/umls/semantic_types.parquet",
        equivalents=f"{workflow.basedir}/resources/equivalent_words.tsv",
        groups=f"{workflow.basedir}/resources/semantic_groups.tsv",
        entities="results/linking/kb/entities.jsonl",
        aliases="results/linking/kb/aliases.json",
        vocabulary="results/linking/kb/vocabulary.json",
        idf="results/linking/kb/idf.npy",
        vectors="results/linking/kb/vectors.npz",
        index="results/linking/kb/hnsw.bin",
        model=SPACY_MODEL_FILES,
    output:
        mentions="results/linking/1/{shard}.parquet",
        counts="results/linking/1/{shard}.counts.json",
    log:
        "results/logs/linking/1/{shard}.log",
    benchmark:
        "results/benchmarks/linking/1/{shard}.tsv"
    conda:
        "../envs/nlp.yaml"
    threads: 1
    resources:
        mem_mb=4_000,  # the knowledge base and the model
        runtime=960,
    params:
        kb=subpath(input.aliases, parent=True),
        model=lookup(dpath="linking/model", within=config),
        neighbours=lookup(dpath="linking/neighbours", within=config),
        threshold=lookup(dpath="linking/threshold", within=config),
        max_candidates=lookup(dpath="linking/max_candidates", within=config),
        ef_search=lookup(dpath="linking/hnsw/ef_search", within=config),
        steps=lookup(dpath="linking/steps", within=config),
        types=lookup(dpath="linking/semantic_types", within=config),
        code=code_digest("linking.scispacy"),
    shell:
        "python -m bali linking scispacy"
        " --documents {input.documents:q} --sentences {input.sentences:q}"
        " --kb {params.kb:q} --model {params.model:q} --heldout {input.heldout:q}"
        " --types {input.semantic_types:q} --equivalents {input.equivalents:q}"
        " --semantic-groups {input.groups:q}"
        " --neighbours {params.neighbours:q} --threshold {params.threshold:q}"
        " --max-candidates {params.max_candidates:q} --ef-search {params.ef_search:q}"
        " --steps {params.steps:q} --semantic-types {params.types:q}"
        " --threads {threads}"
        " --out {output.mentions:q} --counts {output.counts:q}"
        " --log {log:q}"
