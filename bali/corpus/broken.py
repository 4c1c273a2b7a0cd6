"""A PubMed file that is damaged: the one mistake that the config may set aside."""

from __future__ import annotations

from enum import Enum

from bali.errors import InputError


class Damage(Enum):
    """Why a file cannot be read to its end; the values are reasons in the counts."""

    MD5 = "another MD5"
    GZIP = "damaged gzip"
    XML = "broken XML"
    LAYOUT = "not PubMed's layout"
    KEY = "record without PMID"
    SIZE = "too large"


class BrokenFileError(InputError):
    """A file is there, but what it holds cannot be read in full."""

    def __init__(self, damage: Damage, message: str) -> None:
        """Keep the kind of damage beside the line for the user."""
        super().__init__(message)
        self.damage = damage
