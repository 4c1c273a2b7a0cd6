"""Linking by pre-tagged files, included where linking.method is pretagged."""

PRETAGGED_FILES = pretagged_files()
PRETAGGED_MAPS = pretagged_maps()


ruleorder: linking_pretagged > linking_mentions


rule linking_pretagged_index:
    """All pre-tagged files -> their mentions with concepts, sorted by PMID."""
    input:
        files=PRETAGGED_FILES,
        maps=PRETAGGED_MAPS,
        concepts="results/umls/concepts.parquet",
        codes="results/umls/codes.parquet",
        retired="results/umls/retired.parquet",
        names="results/umls/names.parquet",
        semantic_types="results/umls/semantic_types.parquet",
        vocabularies=f"{workflow.basedir}/resources/vocabularies.tsv",
        groups=f"{workflow.basedir}/resources/semantic_groups.tsv",
    output:
        pretagged="results/linking/pretagged.parquet",
        counts="results/linking/pretagged.counts.json",
    log:
        "results/logs/linking/pretagged.log",
    benchmark:
        "results/benchmarks/linking/pretagged.tsv"
    conda:
        "../envs/nlp.yaml"
    threads: 4  # files read at once
    resources:
        mem_mb=4_000,  # distinct identifiers and PMIDs; mentions are sorted on disk
        runtime=480,
    params:
        format=lookup(dpath="linking/pretagged/format", within=config),
        cap=lookup(dpath="linking/pretagged/max_decompressed_mb", within=config),
        types=lookup(dpath="linking/semantic_types", within=config),
        code=code_digest("linking.pretagged_index"),
    shell:
        "python -m bali linking pretagged_index"
        " --files {input.files:q} --format {params.format:q} --max-decompressed-mb {params.cap:q}"
        " --concepts {input.concepts:q} --codes {input.codes:q} --retired {input.retired:q}"
        " --names {input.names:q} --semantic-types {input.semantic_types:q}"
        " --maps {input.maps:q} --vocabularies {input.vocabularies:q}"
        " --semantic-groups {input.groups:q} --types {params.types:q}"
        " --threads {threads} --out {output.pretagged:q} --counts {output.counts:q}"
        " --log {log:q}"


rule linking_pretagged:
    """Pre-tagged mentions of one shard, in its documents and sentences."""
    input:
        documents="results/corpus/{shard}/documents.parquet",
        sentences="results/corpus/{shard}/sentences.parquet",
        pretagged="results/linking/pretagged.parquet",
        heldout="results/umls/heldout.parquet",
        equivalents=f"{workflow.basedir}/resources/equivalent_words.tsv",
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
        mem_mb=2_000,
        runtime=240,
    params:
        steps=lookup(dpath="linking/steps", within=config),
        max_candidates=lookup(dpath="linking/max_candidates", within=config),
        code=code_digest("linking.pretagged"),
    shell:
        "python -m bali linking pretagged"
        " --documents {input.documents:q} --sentences {input.sentences:q}"
        " --pretagged {input.pretagged:q} --heldout {input.heldout:q}"
        " --equivalents {input.equivalents:q} --steps {params.steps:q}"
        " --max-candidates {params.max_candidates:q}"
        " --out {output.mentions:q} --counts {output.counts:q}"
        " --log {log:q}"
