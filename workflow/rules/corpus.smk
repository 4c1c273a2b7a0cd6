"""Corpus: PubMed XML -> documents and sentences, one job a shard; then what is kept of all."""

SHARD_FILES = shard_files()


rule corpus_documents:
    """The files of one shard, checked and parsed; later files win."""
    input:
        unpack(pubmed_files),
    output:
        documents="results/corpus/{shard}/documents.parquet",
        deletions="results/corpus/{shard}/deletions.parquet",
        counts="results/corpus/{shard}/documents.counts.json",
    log:
        "results/logs/corpus/{shard}/documents.log",
    benchmark:
        "results/benchmarks/corpus/{shard}/documents.tsv"
    wildcard_constraints:
        shard="[0-9]+",
    conda:
        "../envs/nlp.yaml"
    threads: 1
    resources:
        mem_mb=2_000,  # measured: 260 MB for 30,000 articles, 420 MB for 120,000: one row group
        runtime=60,
    params:
        max_decompressed_mb=lookup(dpath="corpus/max_decompressed_mb", within=config),
        set_aside=["--set-aside-broken"] if config["corpus"]["set_aside_broken"] else [],
        code=code_digest("corpus.documents"),
    shell:
        "python -m bali corpus documents"
        " --xml {input.xml:q} --md5 {input.md5:q}"
        " --max-decompressed-mb {params.max_decompressed_mb:q} {params.set_aside:q}"
        " --out {output.documents:q} --deletions {output.deletions:q} --counts {output.counts:q}"
        " --log {log:q}"


rule corpus_texts:
    """Annotated corpora as a shard: their text, and nothing of what is annotated."""
    input:
        files=text_files(),
    output:
        documents=f"results/corpus/{TEXTS}/documents.parquet",
        deletions=f"results/corpus/{TEXTS}/deletions.parquet",
        counts=f"results/corpus/{TEXTS}/documents.counts.json",
    log:
        f"results/logs/corpus/{TEXTS}/documents.log",
    benchmark:
        f"results/benchmarks/corpus/{TEXTS}/documents.tsv"
    conda:
        "../envs/nlp.yaml"
    threads: 1
    resources:
        mem_mb=1_000,
        runtime=30,
    params:
        layout=lookup(dpath="corpus/texts/layout", within=config),
        code=code_digest("corpus.texts"),
    shell:
        "python -m bali corpus texts"
        " --files {input.files:q} --layout {params.layout:q}"
        " --out {output.documents:q} --deletions {output.deletions:q} --counts {output.counts:q}"
        " --log {log:q}"


rule corpus_sentences:
    """Titles and sections cut into sentences."""
    input:
        documents="results/corpus/{shard}/documents.parquet",
    output:
        sentences="results/corpus/{shard}/sentences.parquet",
        counts="results/corpus/{shard}/sentences.counts.json",
    log:
        "results/logs/corpus/{shard}/sentences.log",
    benchmark:
        "results/benchmarks/corpus/{shard}/sentences.tsv"
    conda:
        "../envs/nlp.yaml"
    threads: 1
    resources:
        mem_mb=2_000,  # measured: 280 MB for 30,000 documents; no more than one row group
        runtime=60,
    params:
        code=code_digest("corpus.sentences"),
    shell:
        "python -m bali corpus sentences"
        " --documents {input.documents:q}"
        " --out {output.sentences:q} --counts {output.counts:q}"
        " --log {log:q}"


rule gold_documents:
    """The documents of an evaluation set."""
    input:
        unpack(gold_text),
    output:
        pmids="results/gold/{linking_task}.pmids.txt",
    log:
        "results/logs/gold/{linking_task}.log",
    conda:
        "../envs/nlp.yaml"
    threads: 1
    resources:
        mem_mb=1_000,
        runtime=30,
    params:
        options=gold_text_flags,
        code=code_digest("gold.documents"),
    shell:
        "python -m bali gold documents"
        " {params.options:q} --out {output.pmids:q}"
        " --log {log:q}"


rule corpus_resolve:
    """Which records go on: updates, deletions and versions settled over all shards."""
    input:
        documents=expand("results/corpus/{shard}/documents.parquet", shard=SHARDS),
        deletions=expand("results/corpus/{shard}/deletions.parquet", shard=SHARDS),
        # the documents of evaluation sets: nothing of them may train
        exclude=[
            *config["corpus"]["exclude"],
            *expand("results/gold/{task}.pmids.txt", task=tasks_of("linking")),
        ],
    output:
        kept="results/corpus/kept.parquet",
        counts="results/corpus/resolve.counts.json",
    log:
        "results/logs/corpus/resolve.log",
    benchmark:
        "results/benchmarks/corpus/resolve.tsv"
    conda:
        "../envs/nlp.yaml"
    threads: 1
    resources:
        mem_mb=8_000,  # 17 bytes an event and its sort: 40 million records need about 3 GB
        runtime=60,
    params:
        shards=list(SHARDS),
        languages=lookup(dpath="corpus/languages", within=config),
        retracted=["--retracted"] if config["corpus"]["retracted"] else [],
        code=code_digest("corpus.resolve"),
    shell:
        "python -m bali corpus resolve"
        " --documents {input.documents:q} --deletions {input.deletions:q}"
        " --shards {params.shards:q}"
        " --languages {params.languages:q} {params.retracted:q} --exclude {input.exclude:q}"
        " --out {output.kept:q} --counts {output.counts:q}"
        " --log {log:q}"


rule corpus:
    """Target: everything of this stage."""
    input:
        stage("corpus"),
        kept="results/corpus/kept.parquet",
        resolve_counts="results/corpus/resolve.counts.json",
        documents=expand("results/corpus/{shard}/documents.parquet", shard=SHARDS),
        documents_counts=expand("results/corpus/{shard}/documents.counts.json", shard=SHARDS),
        sentences=expand("results/corpus/{shard}/sentences.parquet", shard=SHARDS),
        sentences_counts=expand("results/corpus/{shard}/sentences.counts.json", shard=SHARDS),
    localrule: True
