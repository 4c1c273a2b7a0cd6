"""Linking: the knowledge base, built once; then the mentions of each shard."""


rule linking_kb:
    """Concepts, names and their TF-IDF vectors, for what is near to a name."""
    input:
        names="results/umls/names.parquet",
        semantic_types="results/umls/semantic_types.parquet",
        definitions="results/umls/definitions.parquet",
    output:
        entities="results/linking/kb/entities.jsonl",
        aliases="results/linking/kb/aliases.json",
        vocabulary="results/linking/kb/vocabulary.json",
        idf="results/linking/kb/idf.npy",
        vectors="results/linking/kb/vectors.npz",
        counts="results/linking/kb.counts.json",
    log:
        "results/logs/linking/kb.log",
    benchmark:
        "results/benchmarks/linking/kb.tsv"
    conda:
        "../envs/nlp.yaml"
    threads: 1
    resources:
        mem_mb=memory_of_kb,
        runtime=240,
    params:
        folder=subpath(output.aliases, parent=True),
        min_df=lookup(dpath="linking/min_df", within=config),
        code=code_digest("linking.kb"),
    shell:
        "python -m bali linking kb"
        " --names {input.names:q} --semantic-types {input.semantic_types:q}"
        " --definitions {input.definitions:q}"
        " --min-df {params.min_df:q}"
        " --out-dir {params.folder:q} --counts {output.counts:q}"
        " --log {log:q}"


rule linking_index:
    """The index of scispaCy over the vectors; the dictionary does without."""
    input:
        aliases="results/linking/kb/aliases.json",
        vocabulary="results/linking/kb/vocabulary.json",
        idf="results/linking/kb/idf.npy",
        vectors="results/linking/kb/vectors.npz",
    output:
        index="results/linking/kb/hnsw.bin",
    log:
        "results/logs/linking/index.log",
    benchmark:
        "results/benchmarks/linking/index.tsv"
    conda:
        "../envs/nlp.yaml"
    threads: 1  # the index has the same bytes each time only if one thread builds it
    resources:
        mem_mb=memory_of_index,
        runtime=1440,
    params:
        folder=subpath(output.index, parent=True),
        m=lookup(dpath="linking/hnsw/m", within=config),
        ef_construction=lookup(dpath="linking/hnsw/ef_construction", within=config),
        code=code_digest("linking.index"),
    shell:
        "python -m bali linking index --kb {params.folder:q}"
        " --m {params.m:q} --ef-construction {params.ef_construction:q}"
        " --log {log:q}"


rule linking_names:
    """Names and their variants as the linker looks them up, mapped into memory by all shards."""
    input:
        names="results/umls/names.parquet",
        heldout="results/umls/heldout.parquet",
        semantic_types="results/umls/semantic_types.parquet",
        equivalents=f"{workflow.basedir}/resources/equivalent_words.tsv",
        groups=f"{workflow.basedir}/resources/semantic_groups.tsv",
    output:
        forms="results/linking/kb/names/forms.arrow",
        variants="results/linking/kb/names/variants.arrow",
        beginnings="results/linking/kb/names/beginnings.npy",
        words="results/linking/kb/names/words.npy",
        most="results/linking/kb/names/most.npy",
        concepts="results/linking/kb/names/concepts.arrow",
        lexicon="results/linking/kb/names/lexicon.json",
        counts="results/linking/names.counts.json",
    log:
        "results/logs/linking/names.log",
    benchmark:
        "results/benchmarks/linking/names.tsv"
    conda:
        "../envs/nlp.yaml"
    threads: 1
    resources:
        mem_mb=memory_of_names,
        runtime=60,
    params:
        kb=subpath(output.lexicon, ancestor=2),
        min_characters=lookup(dpath="linking/min_characters", within=config),
        max_words=lookup(dpath="linking/max_words", within=config),
        steps=lookup(dpath="linking/steps", within=config),
        types=lookup(dpath="linking/semantic_types", within=config),
        code=code_digest("linking.names"),
    shell:
        "python -m bali linking names"
        " --names {input.names:q} --heldout {input.heldout:q}"
        " --types {input.semantic_types:q} --equivalents {input.equivalents:q}"
        " --semantic-groups {input.groups:q}"
        " --min-characters {params.min_characters:q} --max-words {params.max_words:q}"
        " --steps {params.steps:q} --semantic-types {params.types:q}"
        " --kb {params.kb:q} --counts {output.counts:q}"
        " --log {log:q}"


rule linking_mentions:
    """Exact, abbreviated and approximate mentions of one shard."""
    input:
        documents="results/corpus/{shard}/documents.parquet",
        sentences="results/corpus/{shard}/sentences.parquet",
        forms="results/linking/kb/names/forms.arrow",
        variants="results/linking/kb/names/variants.arrow",
        beginnings="results/linking/kb/names/beginnings.npy",
        words="results/linking/kb/names/words.npy",
        most="results/linking/kb/names/most.npy",
        concepts="results/linking/kb/names/concepts.arrow",
        lexicon="results/linking/kb/names/lexicon.json",
        near=near_names(),
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
        mem_mb=memory_of_linker,
        runtime=240,
    params:
        kb=subpath(input.lexicon, ancestor=2),
        min_characters=lookup(dpath="linking/min_characters", within=config),
        max_words=lookup(dpath="linking/max_words", within=config),
        max_span_words=lookup(dpath="linking/max_span_words", within=config),
        neighbours=lookup(dpath="linking/neighbours", within=config),
        threshold=lookup(dpath="linking/threshold", within=config),
        max_candidates=lookup(dpath="linking/max_candidates", within=config),
        steps=lookup(dpath="linking/steps", within=config),
        types=lookup(dpath="linking/semantic_types", within=config),
        code=code_digest("linking.mentions"),
    shell:
        "python -m bali linking mentions"
        " --documents {input.documents:q} --sentences {input.sentences:q}"
        " --kb {params.kb:q}"
        " --min-characters {params.min_characters:q} --max-words {params.max_words:q}"
        " --max-span-words {params.max_span_words:q}"
        " --neighbours {params.neighbours:q} --threshold {params.threshold:q}"
        " --max-candidates {params.max_candidates:q}"
        " --steps {params.steps:q} --semantic-types {params.types:q}"
        " --out {output.mentions:q} --counts {output.counts:q}"
        " --log {log:q}"


if config["linking"]["method"] != "dictionary":

    include: f"linking_{config['linking']['method']}.smk"


if RERANKER:

    include: "linking_rerank.smk"


rule linking:
    """Target: everything of this stage."""
    input:
        stage("linking"),
        shared=linking_counts(),
        mentions=expand("results/linking/{round}/{shard}.parquet", round=ROUND, shard=SHARDS),
        counts=expand("results/linking/{round}/{shard}.counts.json", round=ROUNDS, shard=SHARDS),
    localrule: True
