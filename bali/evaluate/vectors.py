"""The vectors of all names of the dictionary: encoded once a model, kept on disk, read in parts.

`<path>` is an npy file of (strings, dim) float32, rows of unit length, in the order of
`Dictionary.strings`; `<path>.json` says what it was made of. It is read in runs of rows, so that
memory holds a run and not 12 GB, and not through a memory map, whose pages count as the job's own.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bali.errors import InputError
from bali.files import atomic_path, read_json, require_file, write_json
from bali.files import sha256 as file_sha256
from bali.log import progress

if TYPE_CHECKING:
    from bali.model.encoder import TextEncoder

logger = logging.getLogger(__name__)

BLOCK = 65_536  # names encoded and written at once


@dataclass(frozen=True)
class Recipe:
    """How vectors are made; equal recipes give equal vectors, up to rounding.

    Attributes:
        model: digest of the model's weights, configuration and tokeniser.
        pooling: of names.
        max_tokens: longer names are cut.
        precision: fp32 or bf16.
    """

    model: str
    pooling: str
    max_tokens: int
    precision: str

    @property
    def digest(self) -> str:
        """Hex digest over all of it."""
        return sha256(repr(self).encode()).hexdigest()


def model_digest(folder: Path) -> str:
    """Hex SHA-256 over the files that decide a model's vectors.

    Raises:
        InputError: the folder has no weights.
    """
    from bali.model.export import TRANSFORMER
    from bali.model.lm import find_weights
    from bali.model.tokenizer import TOKENIZER_FILES

    others = ("config.json", TRANSFORMER, *TOKENIZER_FILES)  # the second names the layer to read
    files = [find_weights(folder), *(folder / name for name in others)]
    parts = [f"{path.name} {file_sha256(path)}\n" for path in files if path.is_file()]
    return sha256("".join(parts).encode()).hexdigest()


def names_digest(strings: Sequence[str]) -> str:
    """Hex SHA-256 over names in their order."""
    digest = sha256()
    for string in strings:
        encoded = string.encode()
        digest.update(b"%d:" % len(encoded) + encoded)
    return digest.hexdigest()


class NameVectors:
    """Vectors on disk; a slice of rows is read when it is asked for."""

    def __init__(self, path: Path) -> None:
        """Open an npy file of float32.

        Raises:
            InputError: it is missing or of another kind.
        """
        require_file(path, "make it with `bali evaluate names`")
        try:
            mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        except ValueError as error:
            raise InputError(f"{path}: no npy file ({error}); remove it and run again") from None
        if mapped.ndim != 2 or mapped.dtype != np.float32:
            raise InputError(
                f"{path}: {mapped.dtype} of {mapped.ndim} dimensions, not float32 of 2; remove it "
                "and run again"
            )
        self.path = path
        self.shape: tuple[int, int] = mapped.shape
        self._offset: int = mapped.offset

    def __getitem__(self, rows: slice) -> NDArray[np.float32]:
        """(rows, dim), float32."""
        count, dim = rows.stop - rows.start, self.shape[1]
        offset = self._offset + rows.start * dim * 4
        read = np.fromfile(self.path, np.float32, count * dim, offset=offset)
        return read.reshape(count, dim)


def write_vectors(
    path: Path,
    strings: Sequence[str],
    encoder: TextEncoder,
    recipe: Recipe,
    *,
    batch_size: int,
    source: Path,
) -> None:
    """Encode names and write them, atomically, block by block.

    Raises:
        InputError: a vector is not finite; `source` names the model.
    """
    shape = (len(strings), encoder.dim)
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    with atomic_path(path) as part, part.open("wb") as out:
        np.lib.format.write_array_header_1_0(out, header)  # type: ignore[no-untyped-call]
        blocks = range(0, len(strings), BLOCK)
        for start in progress(blocks, f"blocks of {BLOCK} names", len(blocks)):
            block = encoder.encode(strings[start : start + BLOCK], batch_size, recipe.max_tokens)
            unit(block, source).tofile(out)
    about = {**asdict(recipe), "names": names_digest(strings), "count": len(strings)}
    write_json(beside(path), about)


def beside(path: Path) -> Path:
    """The file that says what vectors were made of."""
    return path.with_name(f"{path.name}.json")


def read_vectors(path: Path, strings: Sequence[str], recipe: Recipe) -> NameVectors:
    """Open vectors after a look at what they were made of.

    Raises:
        InputError: they are of other names, or of another model or setting.
    """
    about = read_json(beside(path))
    wanted = {**asdict(recipe), "names": names_digest(strings), "count": len(strings)}
    other = [key for key, value in wanted.items() if about.get(key) != value]
    if other:
        raise InputError(
            f"{path}: vectors of another {', '.join(other)}; remove it and run again, or make it "
            "with `bali evaluate names`"
        )
    return NameVectors(path)


def cached_vectors(
    folder: Path,
    strings: Sequence[str],
    encoder: TextEncoder,
    recipe: Recipe,
    *,
    batch_size: int,
    source: Path,
) -> NameVectors:
    """Vectors from a cache, named by their digest; made where they are not there yet."""
    digest = sha256(f"{recipe.digest} {names_digest(strings)}".encode()).hexdigest()
    path = folder / f"{digest[:32]}.npy"
    if not (path.is_file() and beside(path).is_file()):
        logger.info("%s: encoding %d names", path, len(strings))
        write_vectors(path, strings, encoder, recipe, batch_size=batch_size, source=source)
    return read_vectors(path, strings, recipe)


def unit(vectors: NDArray[np.float32], source: Path) -> NDArray[np.float32]:
    """Rows divided by their length; a row of zeros stays.

    Raises:
        InputError: a vector is not finite.
    """
    if not np.isfinite(vectors).all():
        raise InputError(
            f"{source}: the model's vectors are not finite; train it again, for instance with a "
            "lower train.lr_lm"
        )
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    result: NDArray[np.float32] = vectors / np.maximum(length, np.finfo(np.float32).tiny)
    return result
