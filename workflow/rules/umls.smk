"""Stage umls: RRF files of all META folders -> sorted Parquet tables, one Spark session for all."""


rule umls_tables:
    """MRCONSO, MRREL, MRSTY, MRDEF -> concepts, names and their attributes; held-out names."""
    input:
        conso=meta_files("MRCONSO"),
        rel=meta_files("MRREL"),
        sty=meta_files("MRSTY"),
        definitions=meta_files("MRDEF"),
    output:
        concepts="results/umls/concepts.parquet",
        names="results/umls/names.parquet",
        codes="results/umls/codes.parquet",
        semantic_types="results/umls/semantic_types.parquet",
        definitions="results/umls/definitions.parquet",
        relations="results/umls/relations.parquet",
        heldout="results/umls/heldout.parquet",
        counts="results/umls/tables.counts.json",
    log:
        "results/logs/umls/tables.log",
    benchmark:
        "results/benchmarks/umls/tables.tsv"
    conda:
        "../envs/spark.yaml"
    threads: 8
    resources:
        mem_mb=3_000,  # measured on the demo, 2 threads: 0.7 to 0.9 GB, JVM included; 24 s
        runtime=240,
    params:
        folder=subpath(output.names, parent=True),
        languages=lookup(dpath="umls/languages", within=config),
        suppressed=lookup(dpath="umls/suppressed", within=config),
        min_names=lookup(dpath="umls/heldout/min_names", within=config),
        share=lookup(dpath="umls/heldout/share", within=config),
        seed=lookup(dpath="umls/heldout/seed", within=config),
        code=code_digest("umls.tables"),
    shell:
        "python -m bali umls tables"
        " --conso {input.conso:q} --rel {input.rel:q} --sty {input.sty:q}"
        " --definitions {input.definitions:q}"
        " --languages {params.languages:q} --suppressed {params.suppressed:q}"
        " --min-names {params.min_names} --share {params.share} --seed {params.seed}"
        " --threads {threads} --memory-mb {resources.mem_mb}"
        " --out-dir {params.folder:q} --counts {output.counts:q} --log {log:q}"


rule umls:
    """Target: everything of this stage."""
    input:
        stage("umls"),
        rules.umls_tables.output,
    localrule: True
