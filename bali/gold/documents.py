"""Step `gold documents`: the PMIDs of an evaluation set, so that none of its texts trains."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from bali.files import atomic_path
from bali.gold.bioc import read_bioc
from bali.gold.biosyn import read_queries
from bali.gold.pubtator import read_pubtator

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali gold documents`."""
    parser.add_argument("--gold", type=Path, nargs="+", required=True, help="files of one layout")
    parser.add_argument("--layout", choices=("pubtator", "bioc", "biosyn"), required=True)
    parser.add_argument("--pmids", type=Path, help="these documents alone, one PMID a line")
    parser.add_argument("--out", type=Path, required=True, help="PMIDs, one a line, sorted")


def run(args: argparse.Namespace) -> None:
    """Write the PMIDs."""
    names: set[str] = set()
    for path in args.gold:
        if args.layout == "biosyn":
            names |= {query.document for query in read_queries(path)}
        else:
            read = read_bioc if args.layout == "bioc" else read_pubtator
            names |= {document.name for document in read(path).documents}
    if args.pmids:
        names &= set(args.pmids.read_text(encoding="utf-8").split())
    pmids = sorted(int(name) for name in names if name.isdecimal())
    logger.info("%d documents, %d of them by PMID", len(names), len(pmids))
    with atomic_path(args.out) as part:
        part.write_text("".join(f"{pmid}\n" for pmid in pmids))
