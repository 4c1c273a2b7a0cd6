"""names.parquet -> the lexicon that text is compared with, built once, mapped by all shards."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from bali.counts import Counts
from bali.linking.lexicon import NameTables, make_lexicon
from bali.linking.settings import NameSettings, add_name_settings
from bali.linking.store import Store

logger = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali linking names`."""
    parser.add_argument("--names", type=Path, required=True)
    parser.add_argument("--heldout", type=Path, required=True)
    parser.add_argument("--types", type=Path, required=True, help="semantic_types.parquet")
    parser.add_argument("--equivalents", type=Path, required=True, help="words that mean the same")
    parser.add_argument("--semantic-groups", type=Path, required=True)
    add_name_settings(parser)
    parser.add_argument("--kb", type=Path, required=True, help="folder of the knowledge base")
    parser.add_argument("--counts", type=Path, required=True)


def run(args: argparse.Namespace) -> None:
    """Write the lexicon into the folder of the knowledge base."""
    tables = NameTables(
        names=args.names,
        heldout=args.heldout,
        semantic_types=args.types,
        equivalents=args.equivalents,
        groups=args.semantic_groups,
    )
    lexicon = make_lexicon(tables, NameSettings.of(args))
    lexicon.write(Store(args.kb).lexicon)

    counts = Counts("linking.names")
    kept, dropped = lexicon.names["looked for"], dict(lexicon.names)
    for other in ("read", "looked for"):
        del dropped[other]
    counts.add("names to look for", read=lexicon.names["read"], kept=kept, dropped=dropped)
    forms, variants = lexicon.dictionary.forms.texts, lexicon.dictionary.variants.texts
    counts.facts |= {"normal forms": len(forms), "keys of variants": len(variants)}
    counts.write(args.counts)
    logger.info("%d names: %d forms, %d keys of variants", kept, len(forms), len(variants))
