"""Stage umls: RRF files of all META folders -> sorted Parquet tables, one Spark session for all."""

if not config["umls"]["mirrored"] and not config["graph"]["inverse"]:
    raise WorkflowError(
        "config: umls.mirrored false needs graph.inverse true: with one direction of each relation "
        "alone, messages could not reach leaves from hubs; set one of them to true"
    )


rule umls_tables:
    """MRCONSO, MRREL, MRSTY, MRDEF -> concepts, names and their attributes; held-out names."""
    input:
        rrf=meta_files(),
        phrases=branch(lookup(dpath="umls/mirrored", within=config), then=[], otherwise=RELATIONS),
        mrdoc=branch(lookup(dpath="umls/mirrored", within=config), then=[], otherwise=mrdoc_files()),
        groups=f"{workflow.basedir}/resources/semantic_groups.tsv",
    output:
        concepts="results/umls/concepts.parquet",
        names="results/umls/names.parquet",
        codes="results/umls/codes.parquet",
        semantic_types="results/umls/semantic_types.parquet",
        definitions="results/umls/definitions.parquet",
        relations="results/umls/relations.parquet",
        retired="results/umls/retired.parquet",
        rejects="results/umls/rejects.parquet",
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
        meta=lookup(dpath="umls/meta", within=config),
        malformed_share=lookup(dpath="umls/malformed_share", within=config),
        languages=lookup(dpath="umls/languages", within=config),
        suppressed=lookup(dpath="umls/suppressed", within=config),
        choices=umls_choices(),
        min_names=lookup(dpath="umls/heldout/min_names", within=config),
        share=lookup(dpath="umls/heldout/share", within=config),
        seed=lookup(dpath="umls/heldout/seed", within=config),
        code=code_digest("umls.tables"),
    shell:
        "python -m bali umls tables"
        " --meta {params.meta:q} --malformed-share {params.malformed_share}"
        " --languages {params.languages:q} --suppressed {params.suppressed:q} {params.choices:q}"
        " --semantic-groups {input.groups:q} --mrdoc {input.mrdoc:q}"
        " --min-names {params.min_names} --share {params.share} --seed {params.seed}"
        " --threads {threads} --memory-mb {resources.mem_mb}"
        " --out-dir {params.folder:q} --counts {output.counts:q} --log {log:q}"


rule umls:
    """Target: everything of this stage."""
    input:
        stage("umls"),
        rules.umls_tables.output,
    localrule: True
