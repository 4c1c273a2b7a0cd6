"""`bali umls fetch`: a release of UMLS from NLM -> the RRF files of a META folder.

Release files lie on download.nlm.nih.gov and are handed out by UTS (UMLS Terminology Services) to
whoever shows the API key of a licensed account:

    https://uts-ws.nlm.nih.gov/download?url=<address of the release>&apiKey=<key>

(https://documentation.uts.nlm.nih.gov/automating-downloads.html). So an address on that host is
asked for through UTS, with the key of the environment variable UTS_API_KEY; an address on any
other host is asked for as it stands, and the key is not even read. The key goes into that one
request: no message, log, file or process list shows it, and no redirect takes it elsewhere.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

from bali.address import Address, shown
from bali.download import Expected, download
from bali.errors import InputError
from bali.files import remove, write_json
from bali.umls.archive import extract
from bali.web import Client, add_manners, manners

UTS = "https://uts-ws.nlm.nih.gov/download"
LICENSED_HOST = "download.nlm.nih.gov"
KEY = "UTS_API_KEY"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali umls fetch`."""
    parser.add_argument("--url", required=True, help="of the release's zip file")
    parser.add_argument("--bytes", type=int, required=True, help="size of the zip file")
    parser.add_argument("--checksum", required=True, help="md5:<hex> or sha256:<hex>")
    parser.add_argument("--out-dir", type=Path, required=True, help="the META folder to fill")
    parser.add_argument("--manifest", type=Path, required=True, help="fetched.json to write")
    parser.add_argument("--keep-zip", action="store_true", help="keep the zip file beside META")
    add_manners(parser)


def run(args: argparse.Namespace) -> None:
    """Fetch, verify, unpack; the manifest is written last."""
    address = release_address(args.url, os.environ)
    archive = args.out_dir.parent / archive_name(args.url)
    expected = Expected(args.bytes, args.checksum)
    if not expected.holds(archive):
        download(Client(manners(args)), address, archive, expected)
    tables = extract(archive, args.out_dir)
    source = {"url": shown(args.url), "bytes": args.bytes, "checksum": args.checksum}
    write_json(args.manifest, {"archive": source, "tables": tables})
    if not args.keep_zip:
        remove(archive)


def release_address(url: str, environ: Mapping[str, str]) -> Address:
    """How to ask for a release.

    Args:
        url: of the release, as the download pages of NLM name it.
        environ: the variable UTS_API_KEY is read where the release needs it.

    Raises:
        InputError: no http or https address, a key stands in it, it is UTS's own, or the key is
            missing.
    """
    address = Address(url)
    parts = urlsplit(url)
    if "apikey" in (key.lower() for key, _ in parse_qsl(parts.query, keep_blank_values=True)):
        raise InputError(
            f"umls.download.url {shown(url)}: the key stands in it; take it out, for settings are "
            f"copied into reports, and set the environment variable {KEY}"
        )
    if parts.hostname == urlsplit(UTS).hostname:
        raise InputError(
            f"umls.download.url {shown(url)}: give the release's own address, as in "
            f"https://{LICENSED_HOST}/umls/kss/2024AB/umls-2024AB-metathesaurus-full.zip"
        )
    if parts.hostname != LICENSED_HOST:
        return address
    if not (key := environ.get(KEY, "").strip()):
        raise InputError(
            f"{address}: needs the API key of a licensed UTS account (free, "
            f"https://uts.nlm.nih.gov/uts/profile); set the environment variable {KEY}"
        )
    return Address(f"{UTS}?url={quote(url, safe=':/')}", {"apiKey": key}, name=str(address))


def archive_name(url: str) -> str:
    """Name of the file on disk: the last part of the URL's path if it is a plain zip name."""
    name = urlsplit(url).path.rpartition("/")[2]
    return name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*\.zip", name) else "release.zip"
