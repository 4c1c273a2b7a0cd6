"""What `bali` says when the user, not the program, is wrong."""

from __future__ import annotations


class InputError(Exception):
    """A user's mistake: one line that names the file or record, the value and the remedy.

    `python -m bali` prints it as `bali: error: <message>` and exits with status 2, without a
    traceback; a traceback means a mistake of ours.
    """

    def __init__(self, message: str) -> None:
        """Keep the message on one line, whatever a library put into it."""
        super().__init__(" ".join(message.split()))
