"""`bali model fetch`: a language model's folder -> resources/lm/<lm>, complete and checked.

From here on nothing needs the network. The source is a folder, or a folder inside an installed
package, written `package:<module>/<folder>`.
"""

from __future__ import annotations

import argparse
import shutil
from importlib.util import find_spec
from pathlib import Path

from bali.errors import InputError
from bali.files import atomic_path, sha256, write_json
from bali.model.lm import find_weights, load_config
from bali.model.tokenizer import TOKENIZER_FILES, load_tokenizer, require_config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the step."""
    parser.add_argument("--name", required=True, help="what the workflow calls the model")
    parser.add_argument("--source", required=True, help="folder, or package:<module>/<folder>")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")


def run(args: argparse.Namespace) -> None:
    """Copy the files that count, once config and tokeniser were seen to load."""
    source = source_folder(args.source)
    weights = find_weights(require_config(source))
    check_vocabulary(source)
    with atomic_path(args.out) as part:
        part.mkdir()
        for name in ("config.json", *TOKENIZER_FILES, weights.name):
            if (source / name).is_file():
                shutil.copyfile(source / name, part / name)
        record = {"name": args.name, "source": args.source, "weights_sha256": sha256(weights)}
        write_json(part / "source.json", record)


def source_folder(source: str) -> Path:
    """The folder that `source` names.

    Raises:
        InputError: there is no such package or folder.
    """
    if not source.startswith("package:"):
        folder = Path(source)
    else:
        module, _, inside = source.removeprefix("package:").partition("/")
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
            f"lm.source {source!r}: no such folder; give a Hugging Face folder, or "
            "package:<module>/<folder>"
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
