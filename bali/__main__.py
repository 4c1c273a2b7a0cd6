"""`bali <stage> <step> --flags`: what each rule calls, and what a person can run by hand.

A step is a module `bali/<stage>/<step>.py` with two functions: `add_arguments(parser)`, and
`run(args)`, which checks what the user gave, calls the work and writes the outputs. A verb, as in
`bali doctor`, is such a module `bali/<verb>.py`. Only the chosen one is imported, so that a Spark
job needs no torch. Exit status: 0 done, 2 the user's mistake, or a disk that is full or not open to
us (one line on stderr), 1 a mistake of ours (a traceback).
"""

from __future__ import annotations

import argparse
import errno
import importlib
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from bali.errors import InputError
from bali.log import set_up

# Stage -> step -> what it makes. The order is the data's way.
STEPS: dict[str, dict[str, str]] = {
    "demo": {
        "meta": "the installed HPO -> a UMLS META folder",
        "articles": "the installed HPO -> PubMed XML files",
    },
    "umls": {
        "fetch": "a release at NLM -> the RRF files of a META folder",
        "tables": "MRCONSO, MRREL, MRSTY, MRDEF -> Parquet tables",
    },
    "gold": {"documents": "an evaluation set -> PMIDs of which nothing may train"},
    "corpus": {
        "fetch": "NLM's baseline and update files -> a folder, verified",
        "documents": "PubMed XML -> documents.parquet of one shard",
        "texts": "the texts of annotated corpora -> documents.parquet of a shard",
        "sentences": "documents.parquet -> sentences.parquet of one shard",
        "resolve": "documents and deletions of all shards -> kept.parquet",
    },
    "linking": {
        "kb": "names -> the knowledge base of scispaCy: concepts and TF-IDF vectors",
        "index": "vectors of the knowledge base -> the HNSW index that scispaCy searches",
        "names": "names -> the lexicon: normal forms and variants, mapped into memory",
        "mentions": "sentences of one shard + knowledge base -> mentions.parquet",
        "scispacy": "sentences of one shard + a spaCy model + knowledge base -> mentions.parquet",
        "pretagged_index": "pre-tagged files -> their mentions with concepts, by PMID",
        "pretagged": "sentences of one shard + pre-tagged mentions -> mentions.parquet",
        "rerank": "mentions of one shard + a run's model -> their candidates in its order",
    },
    "graph": {
        "heldout": "relations -> those of the graph, and those to be asked for",
        "csr": "concepts + relations -> nodes.parquet and adjacency arrays",
        "subgraphs": "adjacency arrays -> subgraphs.parquet (k hops, seeded)",
        "hierarchy": "adjacency arrays -> hierarchy.parquet: children and parents",
        "export": "the graph -> KGX, PyKEEN or PyTorch Geometric",
    },
    "pairs": {"tokens": "sentences + mentions -> tokenised training examples"},
    "model": {"fetch": "a language model's folder -> resources/lm/<lm>"},
    "train": {
        "soft_links": "pairs + base LM -> spans that equal no name, and what they may mean",
        "run": "pairs + base LM -> one aligned model",
    },
    "evaluate": {
        "names": "a model -> vectors of all names",
        "heldout": "a model -> accuracy of linking the held-out names",
        "linking": "a model -> accuracy of linking gold mentions",
        "relations": "a model -> filtered ranks of held-out relations",
        "relatedness": "a model -> rank correlation with ratings of relatedness",
        "map": "a model -> places of its concept vectors in two dimensions",
    },
    "report": {
        "tasks": "results of all tasks -> gains with tests, figures",
        "card": "files of a run -> its model card",
        "page": "counts and metrics -> index.html and tables",
    },
}
# Commands for people, which no rule calls: beside the steps of a stage, and verbs of their own.
TOOLS: dict[str, dict[str, str]] = {
    "gold": {"tables": "gold in PubTator's layout -> documents and sentences that steps can link"},
    "umls": {"warm": "the classes that Spark loads -> an archive that makes it start faster"},
    "evaluate": {"nearest": "the nearest concepts of a text, by several models side by side"},
    "linking": {"score": "precision, recall and accuracy against gold in PubTator's layout"},
    "graph": {"show": "a concept and what stands around it, as text and as a drawing"},
    "train": {"estimate": "what a run costs on a device: memory, FLOPs, hours"},
}
VERBS: dict[str, str] = {
    "doctor": "what would go wrong in a long run, before it starts",
    "link": "the mentions of a text over a built knowledge base",
}
# What no code can mend, whatever step meets it -> what the user can do.
OF_THE_MACHINE = {
    errno.ENOSPC: "make room and run again",
    errno.EDQUOT: "make room and run again",
    errno.EACCES: "change the permissions, or name another place",
    errno.EPERM: "change the permissions, or name another place",
    errno.EROFS: "name another place",
    errno.EISDIR: "name a file",
}


def build_parser(first: str, second: str) -> argparse.ArgumentParser:
    """Parser of all commands; only the named one's flags are filled in.

    Args:
        first: the first word of the command line, a stage or a verb.
        second: the second one; the step, if the first is a stage.
    """
    parser = argparse.ArgumentParser(prog="bali", description=__doc__.splitlines()[0])
    stages = parser.add_subparsers(required=True, metavar="stage or verb")
    for stage, steps in STEPS.items():
        steps = steps | TOOLS.get(stage, {})
        package = stages.add_parser(stage, help=", ".join(steps))
        commands = package.add_subparsers(required=True, metavar="step")
        for step, purpose in steps.items():
            command = commands.add_parser(step, help=purpose, description=purpose)
            if (stage, step) == (first, second):
                _fill(command, f"bali.{stage}.{step}")
    for verb, purpose in VERBS.items():
        command = stages.add_parser(verb, help=purpose, description=purpose)
        if verb == first:
            _fill(command, f"bali.{verb}")
    return parser


def _fill(command: argparse.ArgumentParser, name: str) -> None:
    module = importlib.import_module(name)
    command.add_argument("--log", type=Path, help="log file (default: stderr)")
    module.add_arguments(command)
    command.set_defaults(execute=module.run)  # not run: a flag is called --run


def main(argv: Sequence[str] | None = None) -> int:
    """Run one step; see the module's docstring for the exit status."""
    if argv is None:
        argv = sys.argv[1:]
        # what a cluster sends at its time limit: scratch folders are removed on the way out
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    words = [*argv[:2], "", ""]
    log_file: Path | None = None  # where it is None, the log is stderr, which has the line already
    try:
        args = build_parser(words[0], words[1]).parse_args(argv)
        log_file = args.log
        set_up(log_file)
        args.execute(args)
        sys.stdout.flush()  # here, where an error of the disk is still one line
    except Exception as error:
        if (message := _for_the_user(error)) is None:
            if log_file:
                logging.getLogger("bali").exception("a mistake of ours, not of the input")
            raise
        line = f"bali: error: {message}"
        print(line, file=sys.stderr)
        if log_file:
            logging.getLogger("bali").error("%s", line)
        return 2
    return 0


def _for_the_user(error: Exception) -> str | None:
    """What to tell the user of an error; None where it is a mistake of ours."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, OSError) and error.errno in OF_THE_MACHINE:
        place = error.filename or "the output"
        return f"{place}: {error.strerror}; {OF_THE_MACHINE[error.errno]}"
    return None


if __name__ == "__main__":
    sys.exit(main())
