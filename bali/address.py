"""Addresses of files on the web, whose secrets no message shows and no other host receives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus, unquote, urlencode, urljoin, urlsplit, urlunsplit

from bali.errors import InputError

PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Address:
    """Where a file is, and what may be said of it.

    Args:
        url: http or https; its query is not shown.
        secret: query parameters that are added to `url` and never shown, logged or passed on.
        name: what messages call it, if not the URL.
    """

    url: str
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)
    name: str = ""

    def __post_init__(self) -> None:
        """Check the URL.

        Raises:
            InputError: it is no http or https address.
        """
        try:
            scheme, host, _ = origin(self.url)
        except ValueError:
            scheme, host = "", None
        if scheme not in PORTS or not host:
            raise InputError(f"{self.url!r}: no http or https address; correct it")

    def __str__(self) -> str:
        """The address as messages show it: without user, password and the query's values."""
        return self.name or shown(self.url)

    def full(self) -> str:
        """The address with its secret, for the request alone."""
        parts = urlsplit(self.url)
        query = "&".join(filter(None, (parts.query, urlencode(self.secret))))
        return urlunsplit(parts._replace(query=query))

    def scrub(self, text: str) -> str:
        """Text without the secret's values, as they stand or quoted."""
        for value in filter(None, self.secret.values()):
            for form in {value, quote(value), quote(value, safe=""), quote_plus(value)}:
                text = text.replace(form, "***")
        return text

    def follow(self, url: str, location: str) -> str:
        """The address that a redirect leads to.

        Args:
            url: the address that answered.
            location: what it named.

        Raises:
            InputError: it would leave http and https, go from https to http, or take the secret
                to another host.
        """
        target = urljoin(url, location)
        parts = urlsplit(target)
        if parts.scheme not in PORTS or (parts.scheme, urlsplit(url).scheme) == ("http", "https"):
            raise InputError(
                f"{self}: the server redirects to {self.scrub(shown(target))}, which is not https; "
                "correct the address"
            )
        forms = (target, unquote(target), unquote(unquote(target)))
        if origin(target) != origin(self.url) and any(self.scrub(f) != f for f in forms):
            raise InputError(
                f"{self}: the server redirects to {self.scrub(shown(target))} and would hand the "
                "key to that host; nothing was sent there; correct the address"
            )
        return target


def shown(url: str) -> str:
    """A URL without user, password and the values of its query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    keys = [f"{pair.partition('=')[0]}=..." for pair in parts.query.split("&") if pair]
    return urlunsplit((parts.scheme, host, parts.path, "&".join(keys), ""))


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of a URL."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)
