"""Report: counts and metrics of all stages -> one page, result tables and figures."""


rule report_tasks:
    """Every model on every task: gains over the base LM with tests, as tables and figures."""
    input:
        metrics=all_results(),
        maps=all_results(maps=True),
    output:
        gains=report(
            "results/report/gains.csv",
            caption="../report/gains.rst",
            category="Tasks",
            labels={"what": "gains over the base LM", "kind": "table"},
        ),
        controls=report(
            "results/report/controls.csv",
            caption="../report/controls.rst",
            category="Tasks",
            labels={"what": "gains over controls", "kind": "table"},
        ),
        latex="results/report/gains.tex",
        forest=report(
            "results/report/gains.svg",
            caption="../report/gains.rst",
            category="Tasks",
            labels={"what": "gains over the base LM", "kind": "figure"},
        ),
        groups=report(
            "results/report/groups.svg",
            caption="../report/groups.rst",
            category="Tasks",
            labels={"what": "accuracy by semantic group", "kind": "figure"},
        ),
        map=report(
            "results/report/map.svg",
            caption="../report/map.rst",
            category="Tasks",
            labels={"what": "concept vectors", "kind": "figure"},
        ),
    log:
        "results/logs/report/tasks.log",
    benchmark:
        "results/benchmarks/report/tasks.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=1_000,
        runtime=30,
    params:
        models=[*MODELS, *config["run_set"]],
        pooled=[f"{name}={','.join(members)}" for name, members in POOLED.items()],
        controls=CONTROLS,
        code=code_digest("report.tasks"),
    shell:
        "python -m bali report tasks"
        " --metrics {input.metrics:q} --maps {input.maps:q} --models {params.models:q}"
        " --pooled {params.pooled:q} --controls {params.controls:q}"
        " --gains {output.gains:q} --gains-latex {output.latex:q}"
        " --controls-csv {output.controls:q}"
        " --gains-figure {output.forest:q} --groups-figure {output.groups:q}"
        " --map-figure {output.map:q}"
        " --log {log:q}"


rule report_card:
    """A model's card; a copy goes beside the weights as README.md."""
    input:
        model="results/train/{run}/{seed}/model",
        history="results/train/{run}/{seed}/history.json",
        gains="results/report/gains.csv",
        counts=[
            "results/umls/tables.counts.json",
            "results/corpus/resolve.counts.json",
            "results/graph/csr.counts.json",
            f"results/pairs/{ROUND}/{config['lm']['name']}/tokens.counts.json",
        ],
    output:
        card="results/report/cards/{run}/{seed}.md",
    log:
        "results/logs/report/cards/{run}/{seed}.log",
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=1_000,
        runtime=10,
    params:
        config=all_settings,
        code=code_digest("report.card"),
    shell:
        "python -m bali report card"
        " --model {input.model:q} --history {input.history:q} --gains {input.gains:q}"
        " --counts {input.counts:q} --config {params.config:q} --run {wildcards.run:q}"
        " --out {output.card:q}"
        " --log {log:q}"


rule report_page:
    """Everything to look at; nothing is computed here but averages and intervals."""
    input:
        # in the order in which the page shows them
        counts=[
            "results/umls/tables.counts.json",
            *expand("results/corpus/{shard}/documents.counts.json", shard=SHARDS),
            "results/corpus/resolve.counts.json",
            *expand("results/corpus/{shard}/sentences.counts.json", shard=SHARDS),
            *linking_counts(),
            *expand("results/linking/{round}/{shard}.counts.json", round=ROUNDS, shard=SHARDS),
            *(["results/graph/heldout.counts.json"] if HELD_OUT else []),
            "results/graph/csr.counts.json",
            "results/graph/subgraphs.counts.json",
            "results/graph/hierarchy.counts.json",
            f"results/pairs/{ROUND}/{config['lm']['name']}/tokens.counts.json",
            *soft_links_counts(),
        ],
        metrics=all_results(),
        gains="results/report/gains.csv",
        controls="results/report/controls.csv",
        forest="results/report/gains.svg",
        groups="results/report/groups.svg",
        map="results/report/map.svg",
        histories=expand(
            "results/train/{run}/{seed}/history.json", run=config["run_set"], seed=config["seeds"]
        ),
        kept="results/corpus/kept.parquet",
        nodes="results/graph/nodes.parquet",
        edge_types="results/graph/edge_types.parquet",
        names="results/umls/names.parquet",
        relations="results/umls/relations.parquet",
        mentions=expand("results/linking/{round}/{shard}.parquet", round=ROUND, shard=SHARDS),
        sentences=expand("results/corpus/{shard}/sentences.parquet", shard=SHARDS),
        documents=expand("results/corpus/{shard}/documents.parquet", shard=SHARDS),
    output:
        page=report(
            "results/report/index.html",
            caption="../report/page.rst",
            category="Report",
            labels={"what": "the whole report"},
        ),
        results=report(
            "results/report/results.csv",
            caption="../report/results.rst",
            category="Accuracy",
            labels={"what": "accuracies", "kind": "table"},
        ),
        differences=report(
            "results/report/differences.csv",
            caption="../report/differences.rst",
            category="Accuracy",
            labels={"what": "differences", "kind": "table"},
        ),
        accuracy=report(
            "results/report/accuracy.svg",
            caption="../report/accuracy.rst",
            category="Accuracy",
            labels={"what": "accuracies", "kind": "figure"},
        ),
        losses=report(
            "results/report/losses.svg",
            caption="../report/losses.rst",
            category="Training",
            labels={"what": "losses", "kind": "figure"},
        ),
        dropped=report(
            "results/report/dropped.svg",
            caption="../report/dropped.rst",
            category="Data",
            labels={"what": "what each filter dropped", "kind": "figure"},
        ),
    log:
        "results/logs/report/page.log",
    benchmark:
        "results/benchmarks/report/page.tsv"
    conda:
        "../envs/report.yaml"
    threads: 1
    resources:
        mem_mb=1_000,
        runtime=30,
    params:
        shards=list(SHARDS),
        examples=lookup(dpath="report/examples", within=config),
        seed=lookup(dpath="report/seed", within=config),
        config=all_settings,
        code=code_digest("report.page"),
    shell:
        "python -m bali report page"
        " --counts {input.counts:q} --metrics {input.metrics:q} --histories {input.histories:q}"
        " --gains {input.gains:q} --gains-figure {input.forest:q} --controls {input.controls:q}"
        " --groups-figure {input.groups:q} --map-figure {input.map:q}"
        " --nodes {input.nodes:q} --edge-types {input.edge_types:q}"
        " --names {input.names:q} --relations {input.relations:q}"
        " --mentions {input.mentions:q} --sentences {input.sentences:q}"
        " --documents {input.documents:q} --shards {params.shards:q} --kept {input.kept:q}"
        " --examples {params.examples:q} --seed {params.seed:q} --config {params.config:q}"
        " --out {output.page:q}"
        " --results {output.results:q} --differences {output.differences:q}"
        " --losses-figure {output.losses:q} --dropped-figure {output.dropped:q}"
        " --accuracy-figure {output.accuracy:q}"
        " --log {log:q}"


rule report:
    """Target: everything of this stage."""
    input:
        stage("report"),
        page="results/report/index.html",
        results="results/report/results.csv",
        differences="results/report/differences.csv",
        accuracy="results/report/accuracy.svg",
        losses="results/report/losses.svg",
        dropped="results/report/dropped.svg",
        gains="results/report/gains.csv",
        controls="results/report/controls.csv",
        cards=expand(
            "results/report/cards/{run}/{seed}.md", run=config["run_set"], seed=config["seeds"]
        ),
    localrule: True
