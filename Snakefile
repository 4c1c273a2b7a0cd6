"""BALI: UMLS and PubMed -> an aligned biomedical language model and its result tables.

The includes stand in the order of the data's way; each is one stage and one package of bali/.
Stage names are targets: `snakemake --cores 4 graph` stops after the graph, and
`snakemake --cores 4 --forcerun graph` makes that stage and everything downstream again.
"""

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.27")


configfile: os.path.join(workflow.basedir, "config.yaml")


# Jobs run `python -m bali`: it must be found inside a rule's conda env and under --directory too.
sys.path.insert(0, workflow.basedir)
os.environ.update(PYTHONPATH=workflow.basedir)

from bali.config import mistakes

# not snakemake.utils.validate, which prints the whole schema where one line says it
for mistake in mistakes(config, Path(workflow.basedir, "workflow/schemas/config.schema.yaml")):
    raise WorkflowError(mistake)


include: "workflow/rules/common.smk"
include: "workflow/rules/demo.smk"
include: "workflow/rules/fetch.smk"
include: "workflow/rules/umls.smk"
include: "workflow/rules/measured.smk"
include: "workflow/rules/corpus.smk"
include: "workflow/rules/linked.smk"
include: "workflow/rules/linking.smk"
include: "workflow/rules/graph.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/pairs.smk"
include: "workflow/rules/model.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/report.smk"


rule all:
    """Everything: the stage targets stand at the end of each stage's file."""
    default_target: True
    input:
        "results/report/index.html",
        cards=rules.report.input.cards,


onerror:
    for line in failures():
        print(line, file=sys.stderr)
