"""Export: the graph for other tools. Asked for by name, as in `snakemake --cores 2 export`."""

EXPORT_FORMATS = ["kgx", "pykeen", "pyg"]


wildcard_constraints:
    format="|".join(EXPORT_FORMATS),


rule graph_export:
    """The graph -> one folder of text (kgx, pykeen) or tensors (pyg)."""
    input:
        nodes="results/graph/nodes.parquet",
        edge_types="results/graph/edge_types.parquet",
        indptr="results/graph/indptr.npy",
        neighbour="results/graph/neighbour.npy",
        relation="results/graph/relation.npy",
        semantic_types="results/umls/semantic_types.parquet",
        # ours: the step finds it there; as an input, an edit reruns the rule
        semantic_groups=f"{workflow.basedir}/resources/semantic_groups.tsv",
    output:
        folder=directory("results/graph/export/{format}"),
    log:
        "results/logs/graph/export/{format}.log",
    benchmark:
        "results/benchmarks/graph/export/{format}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=2_000,  # measured: 1.2 GB for 4M nodes and 38M edges; pyg holds 12 bytes an edge
        runtime=60,
    params:
        graph=subpath(input.nodes, parent=True),
        code=code_digest("graph.export"),
    shell:
        "python -m bali graph export --format {wildcards.format:q}"
        " --graph {params.graph:q} --semantic-types {input.semantic_types:q}"
        " --out-dir {output.folder:q}"
        " --log {log:q}"


rule export:
    """The graph in all forms; no part of the default target."""
    input:
        expand("results/graph/export/{format}", format=EXPORT_FORMATS),
    localrule: True
