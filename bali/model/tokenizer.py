"""Loading of a language model's tokeniser: a fast one, from its folder, never from the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import AutoTokenizer, PreTrainedTokenizerFast
from transformers.utils import logging as transformers_logging

from bali.errors import InputError

# The load reports of transformers would stand in every log; what is missing is checked below.
transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]

# What a tokeniser may consist of, over the families that transformers knows.
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
)
REMEDY = "give a complete Hugging Face folder as lm.source"


def require_config(folder: Path) -> Path:
    """Return `folder` if it holds a config.json.

    Raises:
        InputError: it does not.
    """
    if not (folder / "config.json").is_file():
        raise InputError(f"{folder}: no language model (no config.json); {REMEDY}")
    return folder


def from_folder(loader: Any, folder: Path, **options: Any) -> Any:
    """Call `loader.from_pretrained(folder)` of transformers, offline.

    Raises:
        InputError: it fails. Config, tokeniser and weights have readers of their own, which raise
            errors of many kinds; behind all of them is a file that is missing, cut or not ours.
    """
    try:
        return loader.from_pretrained(folder, local_files_only=True, **options)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise InputError(
            f"{folder}: {loader.__name__} of transformers cannot load it ({reason}); {REMEDY}"
        ) from error


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """Load the fast tokeniser, whose offsets align tokens with mentions.

    Raises:
        InputError: the folder has none. Given a config.json alone, transformers makes a tokeniser
            that knows nothing but its special tokens; that one is refused too.
    """
    require_config(folder)
    tokenizer = from_folder(AutoTokenizer, folder)
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        raise InputError(
            f"{folder}: no tokeniser; put tokenizer.json, or the vocabulary that the model was "
            "trained with, into the folder"
        )
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise InputError(
            f"{folder}: its tokeniser is not a fast one, and only those tell where a token stands "
            "in the text; add a tokenizer.json"
        )
    return tokenizer
