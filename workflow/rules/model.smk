"""Model: the base language model as an artifact of the run, complete and checked."""


rule model_fetch:
    """A folder, a folder inside an installed package or a model on a hub -> resources/lm/<lm>."""
    input:
        files=lm_files(config["lm"]),
    output:
        folder=directory(f"resources/lm/{config['lm']['name']}"),
    log:
        f"results/logs/model/{config['lm']['name']}.log",
    benchmark:
        f"results/benchmarks/model/{config['lm']['name']}.tsv"
    localrule: config["lm"]["source"].startswith("hf:")  # compute nodes often have no network
    conda:
        "../envs/torch.yaml"
    threads: 1
    resources:
        mem_mb=1_000,  # measured: 380 MB for MiniLM
        runtime=30,
    params:
        name=lookup(dpath="lm/name", within=config),
        source=lookup(dpath="lm/source", within=config),
        revision=branch(
            lookup(dpath="lm/revision", within=config),
            then=["--revision", f"{config['lm']['revision']}"],
            otherwise=[],
        ),
        code=code_digest("model.fetch"),
    shell:
        "python -m bali model fetch"
        " --name {params.name:q} --source {params.source:q} {params.revision:q}"
        " --out {output.folder:q}"
        " --log {log:q}"


rule model:
    """The stage's target: the configured base language model."""
    input:
        stage("model"),
        folder=rules.model_fetch.output.folder,
    localrule: True
