"""Checks of what a run reads: META folders, PubMed files, the base model's folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bali.corpus.md5 import check_md5, stated_md5
from bali.doctor.result import FAIL, OK, WARN, Result, failure, from_error, size
from bali.errors import InputError
from bali.log import progress
from bali.umls.release import AGAIN, LAYOUTS, RrfTable, find_table, open_piece, read_mrfiles

DEMO = re.compile(r"resources/(umls|pubmed)/hpo-\d{4}-\d{2}-\d{2}(/META)?")
BLOCK = 2**22  # bytes read at once
RATIO = 8  # bytes of RRF a byte compressed, where MRFILES.RRF does not say: an estimate
PUBMED_FILE = 43 * 10**6  # bytes; 64 GB in 1,500 files


def check_meta(
    meta: str, download: Mapping[str, Any] | None, environ: Mapping[str, str], deep: bool
) -> list[Result]:
    """The RRF files of a META folder: there, whole, of the stated bytes and (deep) rows.

    Args:
        meta: as in umls.meta.
        download: umls.download.
        environ: has UTS_API_KEY where a release is yet to be fetched.
        deep: count the rows.
    """
    check, folder = f"UMLS {meta}", Path(meta)
    if not any(folder.glob("MRCONSO.RRF*")):  # a fetch that failed leaves an empty folder
        if DEMO.fullmatch(meta):
            return [Result(check, OK, "the workflow makes it")]
        if download and download["meta"] == meta:
            return [from_error(check, lambda: f"will be fetched: {to_fetch(download, environ)}")]
    try:
        stated = read_mrfiles(folder)
        found = [find_table(folder, name, stated) for name in LAYOUTS]
    except InputError as error:
        return [failure(check, str(error))]
    tables = [rrf for rrf in found if rrf]
    text = f"{len(tables)} tables, {size(sum(rrf.bytes for rrf in tables))}"
    if not stated:
        remedy = "copy MRFILES.RRF beside them"
        return [Result(check, WARN, f"{text}; no MRFILES.RRF to check against", remedy)]
    plain = [rrf for rrf in tables if rrf.plain and rrf.stated]
    results = [
        check_stated(f"{check} {rrf.name}", "bytes", rrf.bytes, rrf.stated.bytes)
        for rrf in plain
        if rrf.stated and rrf.bytes != rrf.stated.bytes
    ]
    if not results:
        checked = f"{len(plain)} of them of the size that MRFILES.RRF states"
        results.append(Result(check, OK, f"{text}, {checked}"))
    if deep:
        results += [check_rows(f"{check} {rrf.name}", rrf) for rrf in tables if rrf.stated]
    return results


def to_fetch(download: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """The address that a release is to be fetched from.

    Raises:
        InputError: it will not do, or the key that it needs is missing.
    """
    from bali.umls.fetch import release_address  # requests may be what is missing

    return str(release_address(download["url"], environ))


def check_rows(check: str, rrf: RrfTable) -> Result:
    """A table's rows, and its bytes unpacked, are as many as MRFILES.RRF states."""
    rows, count, last = 0, 0, b"\n"
    try:
        for path in rrf.files:
            with open_piece(path) as stream:
                while block := stream.read(BLOCK):
                    rows += block.count(b"\n")
                    count += len(block)
                    last = block[-1:]
    except InputError as error:
        return failure(check, str(error))
    rows += last != b"\n"
    if rrf.stated and count != rrf.stated.bytes:
        return check_stated(check, "bytes", count, rrf.stated.bytes)
    return check_stated(check, "rows", rows, rrf.stated.rows if rrf.stated else rows)


def check_stated(check: str, unit: str, found: int, stated: int) -> Result:
    """A number of rows or bytes is the one that MRFILES.RRF states."""
    if found == stated:
        return Result(check, OK, f"{found} {unit}, as in MRFILES.RRF")
    return Result(check, FAIL, f"{found} {unit}, but MRFILES.RRF states {stated}", AGAIN)


def rrf_bytes(metas: list[str], download: Mapping[str, Any] | None) -> int:
    """Bytes of the RRF tables of all folders, decompressed; estimated for a release to fetch.

    A folder that is not there or not right counts nothing: its own check says so.
    """
    total = 0
    for meta in metas:
        if download and download["meta"] == meta and not any(Path(meta).glob("MRCONSO.RRF*")):
            total += RATIO * download["bytes"]
            continue
        try:
            stated = read_mrfiles(Path(meta))
            tables = [find_table(Path(meta), name, stated) for name in LAYOUTS]
        except InputError:
            continue
        for rrf in filter(None, tables):
            factor = 1 if rrf.plain else RATIO
            total += rrf.stated.bytes if rrf.stated else factor * rrf.bytes
    return total


def pubmed_bytes(corpus: Mapping[str, Any]) -> int:
    """Bytes of the PubMed files; estimated for those to fetch."""
    there = sum(path.stat().st_size for path in pubmed_files(corpus) if path.is_file())
    return there + _missing(corpus) * PUBMED_FILE


def fetched_bytes(umls: Mapping[str, Any], corpus: Mapping[str, Any]) -> int:
    """Bytes that are yet to be fetched and unpacked, an estimate."""
    release = umls["download"]
    pending = release and not any(Path(release["meta"]).glob("MRCONSO.RRF*"))
    return _missing(corpus) * PUBMED_FILE + ((pending and (1 + RATIO) * release["bytes"]) or 0)


def _missing(corpus: Mapping[str, Any]) -> int:
    """Number of the PubMed files that are to be fetched."""
    return sum(not p.is_file() for p in pubmed_files(corpus)) if corpus["download"] else 0


def pubmed_files(corpus: Mapping[str, Any]) -> list[Path]:
    """The files that a config names, in order; none where first and last make no range."""
    if corpus["folder"] is None:
        return []
    first, last, folder = corpus["first"], corpus["last"], Path(corpus["folder"])
    numbers = range(int(first), int(last) + 1)
    name: str = corpus["name"]
    return [folder / name.replace("{number}", f"{n:0{len(first)}d}") for n in numbers]


def check_pubmed(corpus: Mapping[str, Any], deep: bool) -> Result:
    """The numbered PubMed files are there, each with an .md5 that states one; deep: it holds.

    Args:
        corpus: that section of the config.
        deep: compute the MD5 of every file.
    """
    texts = [Path(path) for path in corpus["texts"]["files"]]
    if lost := [path for path in texts if not path.is_file()]:
        return Result("PubMed", FAIL, f"{lost[0]}: no such file", "correct corpus.texts.files")
    if corpus["folder"] is None and (not texts or corpus["download"]):
        found = "corpus.folder is null, which asks for corpus.texts.files and nothing to download"
        return Result("PubMed", FAIL, found, "name a folder, or those files and download: null")
    if corpus["folder"] is None:
        return Result("PubMed", OK, f"none; the text of {len(texts)} annotated corpora instead")
    files = pubmed_files(corpus)
    if len(corpus["first"]) != len(corpus["last"]) or not files:
        found = f"corpus.first {corpus['first']!r}, corpus.last {corpus['last']!r}"
        return Result("PubMed", FAIL, found, "give numbers of one width, the smaller one first")
    sidecars = {path: path.with_name(f"{path.name}.md5") for path in files}
    missing = [p for path in files for p in (path, sidecars[path]) if not p.is_file()]
    if missing and corpus["download"]:
        there = len(files) - len({path.name.removesuffix(".md5") for path in missing})
        return Result("PubMed", OK, f"{there} of {len(files)} files; the others will be fetched")
    if missing and DEMO.fullmatch(corpus["folder"]):
        return Result("PubMed", OK, "the workflow makes them")
    if missing:
        found = f"{missing[0]}: no such file, nor {len(missing) - 1} others"
        remedy = "fetch them (docs/fetching.md), or correct corpus.first and last"
        return Result("PubMed", FAIL, found, remedy)

    def look() -> str:
        for path in progress(files, "PubMed files", len(files)) if deep else files:
            if deep:
                check_md5(path, sidecars[path])
            else:
                stated_md5(sidecars[path].read_text(errors="replace"), str(sidecars[path]))
        total = size(sum(path.stat().st_size for path in files))
        return f"{len(files)} files, {total}, {'MD5 right' if deep else 'each with an MD5'}"

    return from_error("PubMed", look)


def check_lm(source: str, revision: str | None) -> Result:
    """The base model is pinned, or its folder has config, tokeniser and weights of one model."""
    try:
        # heavy, and absent in Spark's environment
        from bali.model.fetch import check_vocabulary, source_folder
        from bali.model.lm import find_weights
        from bali.model.source import hub_repository
        from bali.model.tokenizer import require_config
    except ImportError as error:
        return Result("language model", FAIL, f"transformers does not load ({error})", "install it")

    def look() -> str:
        if hub_repository(source, revision):
            return f"{source} at {revision}; the workflow fetches it"
        folder = source_folder(source)
        weights = find_weights(require_config(folder))
        check_vocabulary(folder)
        return f"{source}: {weights.name}, {size(weights.stat().st_size)}"

    return from_error("language model", look)
