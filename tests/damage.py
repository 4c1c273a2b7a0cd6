"""What goes wrong with a file's bytes whatever its format: for tests that feed readers damage."""

from __future__ import annotations

import random

KINDS = 5


def damaged(kind: int, data: bytes, at: int, end: int, rng: random.Random) -> bytes:
    """The bytes with one thing done to them.

    Args:
        kind: from 0 to 4: cut off, a bit turned, a part lost, a part twice, a part of noise.
        data: the file.
        at: where it happens.
        end: where the part that it happens to ends; not before `at`.
        rng: draws the bit and the noise.
    """
    match kind:
        case 0:
            return data[:at]
        case 1:
            return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
        case 2:
            return data[:at] + data[end:]
        case 3:
            return data[:end] + data[at:]
        case _:
            return data[:at] + rng.randbytes(end - at) + data[end:]
