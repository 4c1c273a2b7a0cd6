"""Sources at NLM, where the config names their addresses; a folder of your own needs none of it.

What these rules make is settled by checksums that the config or NLM states, so an edit of the code
that fetched it is no reason to fetch 50 GB again: they alone carry no digest of their code.
They run where snakemake runs, since compute nodes often have no network.
"""

DOWNLOADS = 3  # files fetched at a time; --resources downloads=1 overrides it
UMLS_DOWNLOAD = config["umls"]["download"]
PUBMED_DOWNLOAD = config["corpus"]["download"]
PUBMED_FILE = f"{config['corpus']['folder']}/{config['corpus']['name']}"
RELEASE_TABLES = ["MRCONSO", "MRREL", "MRSTY", "MRDEF", "MRCUI", "MRFILES", "MRCOLS", "MRDOC"]
FETCHED_FILES = set()

if workflow.global_resources.get("downloads") is None:
    workflow.register_resource("downloads", DOWNLOADS)


if UMLS_DOWNLOAD:
    if UMLS_DOWNLOAD["meta"] not in config["umls"]["meta"]:
        raise WorkflowError(
            f"config: umls.download.meta {UMLS_DOWNLOAD['meta']!r} is none of the folders in "
            f"umls.meta {config['umls']['meta']}; add it there"
        )
    UMLS_MANIFEST = f"{Path(UMLS_DOWNLOAD['meta']).parent}/fetched.json"
    FETCHED_FILES.update(expand("{meta}/{t}.RRF", meta=UMLS_DOWNLOAD["meta"], t=RELEASE_TABLES))
    FETCHED_FILES.add(UMLS_MANIFEST)

    rule fetch_umls:
        """A release's zip file from NLM (licence: UTS_API_KEY) -> plain RRF files."""
        output:
            tables=expand("{meta}/{t}.RRF", meta=UMLS_DOWNLOAD["meta"], t=RELEASE_TABLES),
            manifest=UMLS_MANIFEST,
        log:
            "results/logs/fetch/umls.log",
        benchmark:
            "results/benchmarks/fetch/umls.tsv"
        localrule: True
        conda:
            "../envs/nlp.yaml"
        threads: 1
        resources:
            mem_mb=500,
            runtime=720,
            downloads=1,
        params:
            meta=UMLS_DOWNLOAD["meta"],
            url=UMLS_DOWNLOAD["url"],
            bytes=UMLS_DOWNLOAD["bytes"],
            checksum=UMLS_DOWNLOAD["checksum"],
        shell:
            "python -m bali umls fetch"
            " --url {params.url:q} --bytes {params.bytes} --checksum {params.checksum:q}"
            " --out-dir {params.meta:q} --manifest {output.manifest:q} --log {log:q}"


if PUBMED_DOWNLOAD:
    FETCHED_FILES.update(
        f"{PUBMED_FILE.replace('{number}', number)}{end}"
        for numbers in SHARDS.values()
        for number in numbers
        for end in ("", ".md5")
    )

    rule fetch_pubmed:
        """One file of NLM's baseline or updates and its sidecar: a wider range fetches the rest."""
        output:
            xml=PUBMED_FILE,
            md5=f"{PUBMED_FILE}.md5",
        log:
            "results/logs/fetch/pubmed/{number}.log",
        wildcard_constraints:
            number="[0-9]+",
        localrule: True
        conda:
            "../envs/nlp.yaml"
        threads: 1
        resources:
            mem_mb=200,
            runtime=60,
            downloads=1,
        params:
            folder=config["corpus"]["folder"],
            name=pubmed_name,
            baseline=PUBMED_DOWNLOAD["baseline"],
            updates=PUBMED_DOWNLOAD["updates"] or "",
        shell:
            "python -m bali corpus fetch"
            " --baseline {params.baseline:q} --updates {params.updates:q}"
            " --folder {params.folder:q} --name {params.name:q} --first {wildcards.number}"
            " --log {log:q}"


rule fetch:
    """Target: everything of this stage; nothing where the config names no address."""
    input:
        stage("fetch"),
        sorted(FETCHED_FILES),
    localrule: True
