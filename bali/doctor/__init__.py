"""`bali doctor`: what would go wrong in a long run, a line a check, before it starts.

The config is config.yaml with the files of --configfile merged over it in turn, as Snakemake does:
dicts merge, lists are replaced. Exit status 0, or 2 where a check says FAIL.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from bali.config import SCHEMA, mistakes, read_files
from bali.digest import ROOT
from bali.doctor import machine, sources
from bali.doctor.result import FAIL, OK, Result, table
from bali.errors import InputError
from bali.train.runs import mistakes_of_runs

# Bytes written a byte of input. Measured on the demo's articles: documents and sentences take 1.1
# times their .xml.gz. The rest of these are estimates: mentions, pairs; sorted Parquet tables, and
# what Spark stages and spills.
RESULTS_PER_PUBMED = 2.5
RESULTS_PER_RRF = 0.5
SCRATCH_PER_RRF = 1.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali doctor`."""
    parser.add_argument(
        "--configfile", type=Path, nargs="+", default=[], help="as given to snakemake, in turn"
    )
    parser.add_argument("--deep", action="store_true", help="also count rows and verify every MD5")
    parser.add_argument(
        "--memory-mb", type=int, default=3000, help="mem_mb of umls_tables (default: the rule's)"
    )


def run(args: argparse.Namespace) -> None:
    """Print the table.

    Raises:
        InputError: a check failed, or a config cannot be read.
    """
    config = read_files([ROOT / "config.yaml", *args.configfile])
    results = list(examine(config, args.deep, args.memory_mb, os.environ))
    sys.stdout.write(table(results))
    if failed := [result.check for result in results if result.level == FAIL]:
        raise InputError(f"{len(failed)} checks failed: {', '.join(failed)}; see the table above")


def examine(
    config: Mapping[str, Any], deep: bool, memory_mb: int, environ: Mapping[str, str]
) -> Iterator[Result]:
    """All checks, in the order of a run's way; those of the inputs need a config that is right."""
    pins, needed = machine.read_pins(ROOT)
    found = machine.installed()
    yield machine.check_python(sys.version_info[:2])
    yield machine.check_packages(pins, needed, found, machine.unfindable(needed))
    yield machine.check_java(environ)
    yield machine.check_memory(memory_mb, machine.ram())
    yield machine.check_cores(machine.cores())
    yield machine.check_shared_memory(Path("/dev/shm"))
    yield machine.check_gpu()
    wrong = list(mistakes(config, SCHEMA))
    wrong = wrong or list(mistakes_of_runs(config, config["run_set"]))
    for mistake in wrong:
        line = mistake.removeprefix("config: ")
        what, _, purpose = line.partition("; it is: ")
        remedy = f"it is: {purpose}"
        if not purpose:
            what, _, remedy = line.rpartition("; ")
        yield Result("config", FAIL, what or line, remedy)
    if wrong:
        return
    yield Result("config", OK, "as the schema wants it; every setting of a run does something")
    umls, corpus = config["umls"], config["corpus"]
    for meta in umls["meta"]:
        yield from sources.check_meta(meta, umls["download"], environ, deep)
    yield sources.check_pubmed(corpus, deep)
    yield sources.check_lm(config["lm"]["source"], config["lm"]["revision"])
    rrf = sources.rrf_bytes(umls["meta"], umls["download"])
    yield machine.check_spark_memory(memory_mb, rrf)
    pubmed = sources.pubmed_bytes(corpus)
    if coming := sources.fetched_bytes(umls, corpus):
        yield machine.check_disk("disk, resources", Path("resources"), coming, "to fetch")
    results = int(RESULTS_PER_RRF * rrf + RESULTS_PER_PUBMED * pubmed)
    why = f"{RESULTS_PER_RRF} x RRF + {RESULTS_PER_PUBMED} x PubMed"
    yield machine.check_disk("disk, results", Path("results"), results, why)
    scratch = int(SCRATCH_PER_RRF * rrf)
    why = f"{SCRATCH_PER_RRF} x RRF, for Spark"
    yield machine.check_disk("disk, TMPDIR", Path(gettempdir()), scratch, why)
