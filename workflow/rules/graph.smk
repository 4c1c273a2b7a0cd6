"""Graph: concepts as nodes, relations as adjacency arrays, sampled neighbourhoods."""


rule graph_heldout:
    """Takes relations out, to be asked for in the end; only where graph.heldout.share is not 0."""
    input:
        relations="results/umls/relations.parquet",
    output:
        kept="results/graph/relations.parquet",
        heldout="results/graph/heldout_relations.parquet",
        counts="results/graph/heldout.counts.json",
    log:
        "results/logs/graph/heldout.log",
    benchmark:
        "results/benchmarks/graph/heldout.tsv"
    conda:
        "../envs/nlp.yaml"
    threads: 1
    resources:
        mem_mb=1_000,
        runtime=60,
    params:
        share=lookup(dpath="graph/heldout/share", within=config),
        seed=lookup(dpath="graph/heldout/seed", within=config),
        code=code_digest("graph.heldout"),
    shell:
        "python -m bali graph heldout"
        " --relations {input.relations:q} --share {params.share:q} --seed {params.seed:q}"
        " --kept {output.kept:q} --out {output.heldout:q} --counts {output.counts:q}"
        " --log {log:q}"


rule graph_csr:
    """concepts + relations -> nodes, edge types, and adjacency arrays that map into memory."""
    input:
        concepts="results/umls/concepts.parquet",
        relations=GRAPH_RELATIONS,
        phrases=RELATIONS,
        mrdoc=mrdoc_files(),
        # of the first round: a later one is made by models that the graph has trained
        mentions=branch(
            lookup(dpath="graph/mentioned_hops", within=config),
            then=expand("results/linking/1/{shard}.parquet", shard=SHARDS),
            otherwise=[],
        ),
    output:
        nodes="results/graph/nodes.parquet",
        edge_types="results/graph/edge_types.parquet",
        indptr="results/graph/indptr.npy",
        neighbour="results/graph/neighbour.npy",
        relation="results/graph/relation.npy",
        inverses="results/graph/inverses.json",
        counts="results/graph/csr.counts.json",
    log:
        "results/logs/graph/csr.log",
    benchmark:
        "results/benchmarks/graph/csr.tsv"
    conda:
        "../envs/nlp.yaml"
    threads: 1
    resources:
        mem_mb=2_000,  # measured: 180 MB for 12,000 nodes, 1.7 GB for 4M with 60M relations
        runtime=60,
    params:
        folder=subpath(output.nodes, parent=True),
        mentioned=branch(
            lookup(dpath="graph/mentioned_hops", within=config),
            then=["--mentioned-hops", f"{config['graph']['mentioned_hops']}", "--mentions"],
            otherwise=[],
        ),
        inverse=branch(
            lookup(dpath="graph/inverse", within=config),
            then="--inverse",
            otherwise="--no-inverse",
        ),
        mirrored=branch(
            lookup(dpath="umls/mirrored", within=config),
            then="--mirrored",
            otherwise="--no-mirrored",
        ),
        code=code_digest("graph.csr"),
    shell:
        "python -m bali graph csr"
        " --concepts {input.concepts:q} --relations {input.relations:q}"
        " --phrases {input.phrases:q} --mrdoc {input.mrdoc:q} {params.inverse:q} {params.mirrored:q}"
        " {params.mentioned:q} {input.mentions:q}"
        " --out-dir {params.folder:q} --counts {output.counts:q}"
        " --log {log:q}"


rule graph_subgraphs:
    """Adjacency arrays -> sampled neighbourhoods of every concept."""
    input:
        nodes="results/graph/nodes.parquet",
        indptr="results/graph/indptr.npy",
        neighbour="results/graph/neighbour.npy",
        relation="results/graph/relation.npy",
    output:
        subgraphs="results/graph/subgraphs.parquet",
        counts="results/graph/subgraphs.counts.json",
    log:
        "results/logs/graph/subgraphs.log",
    benchmark:
        "results/benchmarks/graph/subgraphs.tsv"
    conda:
        "../envs/nlp.yaml"
    threads: 1
    resources:
        mem_mb=2_000,  # measured: 0.7 GB for 4M nodes, 1.3 GB by relation: the mapped arrays
        runtime=60,
    params:
        fan_out=lookup(dpath="graph/fan_out", within=config),
        replacement=branch(
            lookup(dpath="graph/replacement", within=config),
            then="--replacement",
            otherwise="--no-replacement",
        ),
        draw=lookup(dpath="graph/draw", within=config),
        samples=lookup(dpath="graph/samples", within=config),
        seed=lookup(dpath="graph/seed", within=config),
        code=code_digest("graph.subgraphs"),
    shell:
        "python -m bali graph subgraphs"
        " --nodes {input.nodes:q} --indptr {input.indptr:q}"
        " --neighbour {input.neighbour:q} --relation {input.relation:q}"
        " --fan-out {params.fan_out:q} {params.replacement:q} --draw {params.draw:q}"
        " --samples {params.samples:q} --seed {params.seed:q}"
        " --out {output.subgraphs:q} --counts {output.counts:q}"
        " --log {log:q}"


rule graph_hierarchy:
    """Adjacency arrays -> which concept is a kind of which other."""
    input:
        edge_types="results/graph/edge_types.parquet",
        nodes="results/graph/nodes.parquet",
        indptr="results/graph/indptr.npy",
        neighbour="results/graph/neighbour.npy",
        relation="results/graph/relation.npy",
    output:
        hierarchy="results/graph/hierarchy.parquet",
        counts="results/graph/hierarchy.counts.json",
    log:
        "results/logs/graph/hierarchy.log",
    benchmark:
        "results/benchmarks/graph/hierarchy.tsv"
    conda:
        "../envs/nlp.yaml"
    threads: 1
    resources:
        mem_mb=2_000,
        runtime=60,
    params:
        folder=subpath(input.nodes, parent=True),
        code=code_digest("graph.hierarchy"),
    shell:
        "python -m bali graph hierarchy --graph {params.folder:q}"
        " --out {output.hierarchy:q} --counts {output.counts:q} --log {log:q}"


rule graph:
    """The stage's target: the graph, its sampled neighbourhoods and its hierarchy."""
    input:
        stage("graph"),
        nodes="results/graph/nodes.parquet",
        edge_types="results/graph/edge_types.parquet",
        subgraphs="results/graph/subgraphs.parquet",
        hierarchy="results/graph/hierarchy.parquet",
        csr_counts="results/graph/csr.counts.json",
        subgraphs_counts="results/graph/subgraphs.counts.json",
        hierarchy_counts="results/graph/hierarchy.counts.json",
    localrule: True
