"""One polite HTTP client: time-outs, retries with back-off, redirects, no secret in a message.

`requests` sends and receives. Its own retries (urllib3's) are off, because they know nothing of a
file that is resumed, and its own redirects, because they would take a secret of the query along to
whatever host the answer names. Waiting grows by doubling, without jitter: a run has three
connections at most, so there is no herd to scatter.
"""

from __future__ import annotations

import argparse
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import sleep

import requests
import urllib3

from bali.address import Address
from bali.errors import InputError

logger = logging.getLogger(__name__)

USER_AGENT = "bali (a Snakemake pipeline from UMLS and PubMed to language models)"
MAX_REDIRECTS = 10
PROGRESS = 2**20  # bytes beyond the furthest so far; from there on attempts are counted anew
AGAIN = {408, 425, 429, 500, 502, 503, 504}  # statuses that another attempt may mend


class AbsentError(InputError):
    """The server has no such file (404 or 410)."""


class TransientError(Exception):
    """A failure that another attempt may mend."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        """Keep the reason and, where the server stated one, the wait in seconds (Retry-After)."""
        super().__init__(reason)
        self.wait = wait


@dataclass(frozen=True)
class Manners:
    """How long to wait for a server, and how often to come back."""

    attempts: int = 6  # in a row, without progress
    first_wait: float = 1.0  # seconds before the second attempt; doubled before each further one
    longest_wait: float = 60.0  # seconds; bound of the doubling
    longest_asked: float = 900.0  # seconds; a server that asks for more is left alone
    timeout: float = 60.0  # seconds without a connection or without a byte


def add_manners(parser: argparse.ArgumentParser) -> None:
    """Flags of every step that fetches."""
    default = Manners()
    parser.add_argument("--attempts", type=int, default=default.attempts, help="without progress")
    parser.add_argument(
        "--retry-wait",
        type=float,
        default=default.first_wait,
        help="seconds before the second attempt; doubled before each further one",
    )
    parser.add_argument(
        "--timeout", type=float, default=default.timeout, help="seconds without a byte"
    )


def manners(args: argparse.Namespace) -> Manners:
    """The manners that the flags ask for.

    Raises:
        InputError: a number is out of range.
    """
    if args.attempts < 1 or args.retry_wait < 0 or args.timeout <= 0:
        raise InputError(
            f"--attempts {args.attempts} --retry-wait {args.retry_wait} --timeout {args.timeout}: "
            "give at least 1 attempt, a wait of 0 or more and a time-out above 0"
        )
    return Manners(attempts=args.attempts, first_wait=args.retry_wait, timeout=args.timeout)


class Client:
    """Sends single requests; one client a thread."""

    def __init__(self, manners: Manners) -> None:
        """Open a session; a proxy is taken from the environment, as `requests` does."""
        self.manners = manners
        self._session = requests.Session()
        # identity: what is stored and hashed is the file as it lies on the server
        self._session.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})

    @contextmanager
    def get(
        self, address: Address, headers: Mapping[str, str] | None = None
    ) -> Iterator[requests.Response]:
        """One request, redirects followed; the body has yet to be read.

        Args:
            address: what to ask for.
            headers: as in Range.

        Yields:
            The answer, of status 200, 206 or 416.

        Raises:
            TransientError: no answer, a broken one, or a status that another attempt may mend; also
                where the body breaks off inside the block.
            AbsentError: there is no such file.
            InputError: the server refuses.
        """
        try:
            with self._follow(address, headers or {}) as response:
                check_status(address, response)
                yield response
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            reason = address.scrub(describe(error))
            if "CERTIFICATE" in reason.upper():
                raise InputError(
                    f"{address}: {reason}; check the address, the clock and the certificates "
                    "(REQUESTS_CA_BUNDLE)"
                ) from None
            raise TransientError(reason) from None

    def _follow(self, address: Address, headers: Mapping[str, str]) -> requests.Response:
        url = address.full()
        for _ in range(MAX_REDIRECTS):
            response = self._session.get(
                url,
                headers=headers,
                stream=True,
                allow_redirects=False,
                timeout=self.manners.timeout,
            )
            if not response.is_redirect:
                return response
            response.close()
            url = address.follow(url, response.headers["Location"])
        raise InputError(f"{address}: more than {MAX_REDIRECTS} redirects; correct the address")

    def read(self, address: Address, cap: int) -> str:
        """A small text, as UTF-8, in memory.

        Raises:
            AbsentError: there is no such file.
            InputError: the server refuses, does not answer, or sends more than `cap` bytes.
        """
        attempts = Attempts(address, self.manners)
        while True:
            try:
                with self.get(address) as response:
                    text: bytes = response.raw.read(cap + 1, decode_content=True)
                    if len(text) > cap:
                        raise InputError(f"{address}: more than {cap} bytes; correct the address")
                    return text.decode(errors="replace")
            except TransientError as error:
                attempts.pause(error)


class Attempts:
    """Counts the failures in a row of one download, and waits between them."""

    def __init__(self, address: Address, manners: Manners) -> None:
        """Nothing has failed yet."""
        self._address = address
        self._manners = manners
        self._failed = 0
        self._furthest = 0

    def pause(self, error: TransientError, received: int = 0) -> None:
        """Wait before the next attempt.

        Args:
            error: what made the last one fail.
            received: bytes of the file that are there. Getting further than ever before clears
                the count, so that a large file may break off often; a server that always starts
                from the first byte again still comes to an end.

        Raises:
            InputError: that was the last attempt, or the server asks for too long a wait.
        """
        if received >= self._furthest + PROGRESS:
            self._failed, self._furthest = 0, received
        self._failed += 1
        keeps = f"; {received} bytes are kept" if received else ""
        if self._failed >= self._manners.attempts:
            raise InputError(
                f"{self._address}: {error} ({self._failed} attempts{keeps}); check the network and "
                "run again"
            )
        wait = min(self._manners.first_wait * 2 ** (self._failed - 1), self._manners.longest_wait)
        if error.wait is not None:
            if error.wait > self._manners.longest_asked:
                raise InputError(
                    f"{self._address}: {error}, and the server asks to come back in "
                    f"{error.wait:.0f} s{keeps}; run again then"
                )
            wait = max(wait, error.wait)
        logger.warning("%s: %s; attempt %d in %g s", self._address, error, self._failed + 1, wait)
        sleep(wait)


def check_status(address: Address, response: requests.Response) -> None:
    """Let pass what has a body to read.

    Raises:
        TransientError: another attempt may mend it.
        AbsentError: there is no such file.
        InputError: the server refuses.
    """
    status = response.status_code
    if status in (200, 206, 416):
        return
    answer = f"the server answers {status} {response.reason}"
    if status in AGAIN:
        raise TransientError(answer, retry_after(response.headers.get("Retry-After")))
    if status in (404, 410):
        raise AbsentError(f"{address}: {answer}; correct the address")
    if status in (401, 403):
        raise InputError(f"{address}: {answer}; check the key or the licence that it asks for")
    raise InputError(f"{address}: {answer}; correct the address")


def retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header, a number or a date (RFC 9110, 10.2.3), or None."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (date.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def describe(error: Exception) -> str:
    """What a library's exception says, without pools, object addresses and paths."""
    inner: object = error
    while isinstance(inner, Exception):
        deeper = getattr(inner, "reason", None) or next(iter(inner.args), None)
        if not isinstance(deeper, Exception):
            break
        inner = deeper
    text = re.sub(r"HTTPS?Connection(Pool)?\([^)]*\):?|<[^>]*>:?", "", str(inner)).strip()
    return text or type(inner).__name__
