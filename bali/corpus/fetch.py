"""`bali corpus fetch`: numbered PubMed files with their .md5 sidecars from NLM's folders.

NLM publishes a baseline once a year (https://ftp.ncbi.nlm.nih.gov/pubmed/baseline/) and update
files day by day (.../updatefiles/) whose numbers go on where the baseline's end: one folder holds
both. A file is in place when the MD5 of its sidecar holds; the sidecar is written last. At most
three connections are open at a time, each kept for one file and its sidecar.

`--list` reads the folders' index pages instead and says which numbers there are.
"""

from __future__ import annotations

import argparse
import logging
import re
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from lxml import etree

from bali.address import Address
from bali.corpus.md5 import check_md5, stated_md5
from bali.download import ChecksumError, Expected, download
from bali.errors import InputError
from bali.files import atomic_path
from bali.log import progress
from bali.web import AbsentError, Client, Manners, add_manners, manners

logger = logging.getLogger(__name__)

CONNECTIONS = 3  # at most; NLM's server is everybody's
SIDECAR_CAP = 2**12  # bytes
INDEX_CAP = 2**25  # bytes; 1,500 files make 0.3 MB
FILE_CAP = 2**32  # bytes; files of 2026 have up to 100 MB


@dataclass(frozen=True)
class Mirror:
    """What is fetched from where to where.

    Attributes:
        folder: where the files belong.
        name: of a file, with {number} in it.
        sources: addresses of the server's folders, asked in turn: the baseline, the updates.
    """

    folder: Path
    name: str
    sources: tuple[str, ...]

    def target(self, number: str) -> Path:
        """The place of a file."""
        return self.folder / self.name.replace("{number}", number)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali corpus fetch`."""
    parser.add_argument("--baseline", required=True, help="address of the baseline's folder")
    parser.add_argument("--updates", help="address of the update files' folder")
    parser.add_argument("--name", required=True, help="file name, as in pubmed26n{number}.xml.gz")
    parser.add_argument("--list", action="store_true", help="print which numbers there are")
    parser.add_argument("--folder", type=Path, help="where the files belong")
    parser.add_argument("--first", help="number of the first file, with leading zeros")
    parser.add_argument("--last", help="number of the last file (default: the first)")
    parser.add_argument(
        "--connections",
        type=int,
        choices=range(1, CONNECTIONS + 1),
        default=CONNECTIONS,
        help="files fetched at a time",
    )
    add_manners(parser)


def run(args: argparse.Namespace) -> None:
    """Fetch the files that are not there, or list those that the server has."""
    if "{number}" not in args.name or "/" in args.name:
        raise InputError(f"--name {args.name!r}: no file name with {{number}} in it")
    sources = tuple(f"{url.rstrip('/')}/" for url in (args.baseline, args.updates) if url)
    if args.list:
        client = Client(manners(args))
        for source in sources:
            numbers = published(client, source, args.name)
            sys.stdout.write(f"{source}: {span(numbers)}\n")
        return
    if args.folder is None or args.first is None:
        raise InputError("--folder and --first: give both, or --list")
    numbers = numbers_between(args.first, args.last or args.first)
    fetch_all(Mirror(args.folder, args.name, sources), numbers, args.connections, manners(args))


def numbers_between(first: str, last: str) -> list[str]:
    """Numbers from first to last, as wide as these are.

    Raises:
        InputError: they are no numbers of one width, the smaller one first.
    """
    decimal = first.isdecimal() and last.isdecimal()
    if not decimal or len(first) != len(last) or first > last:
        raise InputError(
            f"--first {first} --last {last}: give numbers of the same width, the smaller one first"
        )
    return [f"{n:0{len(first)}d}" for n in range(int(first), int(last) + 1)]


def fetch_all(mirror: Mirror, numbers: Sequence[str], connections: int, manners: Manners) -> None:
    """Fetch files, several at a time; the first error stops what has not begun.

    Raises:
        InputError: as `fetch_one`.
    """

    def one(number: str) -> bool:
        # a client each: sessions are not made for threads
        return fetch_one(Client(manners), mirror, number, show=len(numbers) == 1)

    pool = ThreadPoolExecutor(connections)
    try:
        futures = [pool.submit(one, number) for number in numbers]
        fetched = sum(
            future.result() for future in progress(as_completed(futures), "files", len(numbers))
        )
    finally:
        pool.shutdown(cancel_futures=True)
    logger.info("%d files fetched, %d were there", fetched, len(numbers) - fetched)


def fetch_one(client: Client, mirror: Mirror, number: str, *, show: bool) -> bool:
    """Fetch a file and its sidecar unless they are there and agree.

    Args:
        client: sends the requests.
        mirror: from where to where.
        number: of the file.
        show: show progress, in MiB.

    Returns:
        Whether it was fetched.

    Raises:
        InputError: the server has no such file, its bytes are not those of the sidecar, twice, or
            as `download`.
    """
    target = mirror.target(number)
    sidecar = target.with_name(f"{target.name}.md5")
    try:
        check_md5(target, sidecar)
        return False
    except InputError:
        pass
    try:
        _fetch_checked(client, mirror, target, sidecar, show)
    except ChecksumError as error:  # NLM may have been replacing the two
        logger.warning("%s; fetching both once more", error)
        _fetch_checked(client, mirror, target, sidecar, show)
    return True


def _fetch_checked(client: Client, mirror: Mirror, target: Path, sidecar: Path, show: bool) -> None:
    source, text = _find(client, mirror, target.name)
    checksum = f"md5:{stated_md5(text, f'{source}{sidecar.name}')}"
    expected = Expected(checksum=checksum, cap=FILE_CAP)
    download(client, Address(f"{source}{target.name}"), target, expected, show=show)
    with atomic_path(sidecar) as part:
        part.write_text(text)


def _find(client: Client, mirror: Mirror, name: str) -> tuple[str, str]:
    """The first folder of the server that has a file's sidecar, and what that holds.

    Raises:
        InputError: none has it.
    """
    for source in mirror.sources:
        try:
            return source, client.read(Address(f"{source}{name}.md5"), SIDECAR_CAP)
        except AbsentError:
            continue
    there = [f"{s} has {span(published(client, s, mirror.name))}" for s in mirror.sources]
    raise InputError(
        f"{name}: the server has no {name}.md5; {'; '.join(there)}; correct corpus.first and last "
        "in the config"
    )


def published(client: Client, source: str, name: str) -> list[str]:
    """Numbers of the files that a folder's index page links to, sorted.

    Args:
        client: sends the request.
        source: address of the folder, with a slash at its end.
        name: file name with {number} in it.

    Raises:
        InputError: there is no such page.
    """
    page = client.read(Address(source), INDEX_CAP)
    before, after = map(re.escape, name.split("{number}", 1))
    form = re.compile(rf"{before}([0-9]+){after}")
    found = (form.fullmatch(link) for link in _links(page, source))
    return sorted({match[1] for match in found if match}, key=lambda number: (len(number), number))


def _links(page: str, source: str) -> Iterator[str]:
    """Names of the files in the folder `source` itself that a page links to."""
    parser = etree.HTMLParser(no_network=True)
    root = etree.fromstring(page.encode(), parser) if page.strip() else None
    for link in root.iter("a") if root is not None else ():
        try:
            target = urljoin(source, link.get("href", ""))
        except ValueError:
            continue
        if target.startswith(source) and not urlsplit(target).query:
            yield target.removeprefix(source)


def span(numbers: Sequence[str]) -> str:
    """Numbers in words, as in "0001 to 1334 (1334 files)"; gaps show as too few files."""
    return f"{numbers[0]} to {numbers[-1]} ({len(numbers)} files)" if numbers else "no such files"
