"""`bali evaluate nearest "heart attack"`: the nearest concepts of a text, by models side by side.

    bali evaluate nearest "heart attack"
    bali evaluate nearest "heart attack" --models resources/lm/minilm-l6 results/train/gat/29/model

Without --models it is the base LM and the newest trained run. A model pools names as its folder
states. The vectors of names are kept in `--cache`, by model and names, so that only the first
question waits.
faiss searches them, exactly, in chunks.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import faiss
import numpy as np
import yaml
from numpy.typing import NDArray

from bali.errors import InputError
from bali.evaluate.ranking import Dictionary
from bali.evaluate.scorer import add_model_arguments, load_encoder, recipe_of
from bali.evaluate.vectors import NameVectors, cached_vectors, unit
from bali.files import require_file
from bali.model.export import read_pooling
from bali.storage import read_table

CHUNK = 65_536  # names searched at once
MOST_NAMES = 8  # of a concept, that the search allows for: so many names are looked up a concept


class Neighbour(NamedTuple):
    """A concept near a text, by its most similar name."""

    cui: str
    name: str
    cosine: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali evaluate nearest`."""
    parser.add_argument("text", nargs="+", help="what to look for; each is a question")
    parser.add_argument(
        "--models",
        type=Path,
        nargs="+",
        help="folders, the base LM first (default: it and the newest run)",
    )
    parser.add_argument("--names", type=Path, default=Path("results/umls/names.parquet"))
    parser.add_argument("--k", type=int, default=10, help="concepts shown")
    parser.add_argument("--cache", type=Path, default=Path("results/evaluate/nearest"))
    add_model_arguments(parser)
    parser.set_defaults(pooling=None)


def run(args: argparse.Namespace) -> None:
    """Print a table a text: a rank a line, a model a column."""
    if args.k < 1:
        raise InputError(f"--k {args.k}: show one concept or more")
    require_file(args.names, "make it with `snakemake --cores 2 umls`, or name another: --names")
    if args.models is None:
        args.models = chosen_models(Path())
        chosen = " and ".join(folder.as_posix() for folder in args.models)
        none = "" if len(args.models) > 1 else "; no run is trained yet"
        sys.stdout.write(f"models: {chosen}{none}; others by --models\n\n")
    dictionary = Dictionary.from_names(read_table("names", args.names, ["cui", "name"]))
    columns = [nearest(args, folder, dictionary) for folder in args.models]
    titles = [folder.as_posix() for folder in args.models]
    for i, text in enumerate(args.text):
        lines = side_by_side(text, titles, [column[i] for column in columns])
        sys.stdout.write("\n".join(lines) + "\n\n")


def chosen_models(root: Path) -> list[Path]:
    """The base LM, and the newest run's model where one is trained.

    Args:
        root: working directory of the workflow.

    Raises:
        InputError: there is no base LM, or several and config.yaml names none of them.
    """
    bases = sorted(path.parent for path in root.glob("resources/lm/*/config.json"))
    if not bases:
        raise InputError(
            "nothing is built: resources/lm holds no language model; run `snakemake --cores 2`, or "
            "name folders with --models"
        )
    if len(bases) > 1:
        config = root / "config.yaml"
        text = config.read_text(encoding="utf-8") if config.is_file() else ""
        name = ((yaml.safe_load(text) or {}).get("lm") or {}).get("name")
        found = [folder.name for folder in bases]
        bases = [folder for folder in bases if folder.name == name]
        if not bases:
            raise InputError(
                f"resources/lm holds {', '.join(found)}, and config.yaml names none of them as "
                "lm.name; name folders with --models, the base LM first"
            )
    runs = root.glob("results/train/*/*/model/model.safetensors")
    newest = max(runs, key=lambda path: (path.stat().st_mtime_ns, path), default=None)
    return [bases[0], *([newest.parent] if newest else [])]


def nearest(
    args: argparse.Namespace, folder: Path, dictionary: Dictionary
) -> list[list[Neighbour]]:
    """For each text the nearest concepts by one model, the nearest first."""
    pooling = args.pooling or read_pooling(folder) or "mean"
    args = argparse.Namespace(**{**vars(args), "pooling": pooling})
    encoder, recipe = load_encoder(args, folder), recipe_of(args, folder)
    names = cached_vectors(
        *(args.cache, dictionary.strings, encoder, recipe),
        batch_size=args.batch_size,
        source=folder,
    )
    queries = unit(encoder.encode(args.text, args.batch_size, args.max_tokens), folder)
    k = min(args.k * MOST_NAMES, len(dictionary.strings))
    cosine, string = search(queries, names, k)
    first = np.searchsorted(dictionary.string, string)
    last = np.searchsorted(dictionary.string, string, side="right")
    found = []
    for row in range(len(queries)):
        best: dict[str, Neighbour] = {}
        for at in range(k):
            for place in dictionary.concept[first[row, at] : last[row, at]]:
                cui = dictionary.cuis[place]
                name = dictionary.strings[string[row, at]]
                best.setdefault(cui, Neighbour(cui, name, float(cosine[row, at])))
        found.append(list(best.values())[: args.k])
    return found


def search(
    queries: NDArray[np.float32], names: NameVectors, k: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The k names of the highest cosine, chunk by chunk.

    Args:
        queries: (queries, dim), unit rows.
        names: on disk, unit rows.
        k: at most as many as there are names.

    Returns:
        cosines and numbers of the names, (queries, k) each, the highest cosine first.
    """
    heap = faiss.ResultHeap(len(queries), k, keep_max=True)
    for start in range(0, names.shape[0], CHUNK):
        chunk = names[slice(start, min(start + CHUNK, names.shape[0]))]
        product = faiss.METRIC_INNER_PRODUCT
        cosine, number = faiss.knn(queries, chunk, min(k, len(chunk)), metric=product)
        heap.add_result(cosine, number + start)
    heap.finalize()
    return heap.D, heap.I


def side_by_side(
    text: str, titles: Sequence[str], columns: Sequence[Sequence[Neighbour]]
) -> Iterable[str]:
    """A table as text; in the columns after the first a plus marks what the first one lacks."""
    known = {neighbour.cui for neighbour in columns[0]}
    cells = [
        [f"{n.cosine:.3f} {n.cui} {n.name}"[:50] for n in columns[0]],
        *(
            [
                f"{' ' if n.cui in known else '+'} {n.cosine:.3f} {n.cui} {n.name}"[:52]
                for n in column
            ]
            for column in columns[1:]
        ),
    ]
    widths = [max(map(len, [title, *c])) for title, c in zip(titles, cells, strict=True)]
    yield text
    yield "  ".join(
        f"{title:{width}}" for title, width in zip(titles, widths, strict=True)
    ).rstrip()
    for rank in range(max(map(len, cells))):
        row = [column[rank] if rank < len(column) else "" for column in cells]
        yield "  ".join(f"{c:{width}}" for c, width in zip(row, widths, strict=True)).rstrip()
