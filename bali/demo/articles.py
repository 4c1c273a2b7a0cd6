"""`bali demo articles`: one PubMed article a term of the installed HPO.

Title = the term's name, abstract = its definition and its comment; all terms that are not
obsolete, those without a CUI too. It is real text, but it is not PubMed: PMIDs run from 10^9 up
(10^9 + the digits of the HP id), where no real one is, and the journal's title says what it is.
HPO: Gargano et al. 2024, doi:10.1093/nar/gkad1005, https://hpo.jax.org. HPO files are never
shipped: this reads the installed package.

Layout: PubMed's DTD of 2024 (https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_240101.dtd), files as
in NLM's baseline: gzip, with an md5 file beside each.
"""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Sequence
from hashlib import md5
from io import BytesIO
from pathlib import Path

from lxml import etree

from bali.counts import Counts
from bali.demo.hpo import Term, read_installed
from bali.errors import InputError
from bali.files import atomic_path

FIRST_PMID = 10**9
_DOCTYPE = (
    '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2024//EN" '
    '"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_240101.dtd">'
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali demo articles`."""
    parser.add_argument("--release", required=True, help="HPO release, as in 2025-01-16")
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of hpo0001.xml.gz, ...")
    parser.add_argument("--files", type=int, required=True, help="number of files")
    parser.add_argument("--counts", type=Path, required=True, help="counts.json to write")


def run(args: argparse.Namespace) -> None:
    """Write the files, their md5 and the counts."""
    if args.files < 1:
        raise InputError(f"--files {args.files}: give 1 or more")
    terms = read_installed(args.release)
    write_articles(terms, args.out_dir, args.files, args.release).write(args.counts)


def write_articles(terms: Sequence[Term], folder: Path, files: int, release: str) -> Counts:
    """Write `hpo0001.xml.gz` and so on, with `.md5`; equal shares, in the order of the ids.

    Args:
        terms: sorted by id; obsolete ones are left out.
        folder: made where it is missing.
        files: number of files.
        release: of HPO, as in "2025-01-16".

    Returns:
        The account: terms read, kept, dropped; articles without an abstract as a fact.
    """
    living = [term for term in terms if not term.obsolete]
    for number in range(files):
        share = living[len(living) * number // files : len(living) * (number + 1) // files]
        # mtime 0: the time of writing is no part of the bytes
        content = gzip.compress(article_set(share, release), mtime=0)
        name = f"hpo{number + 1:04d}.xml.gz"
        with atomic_path(folder / name) as part:
            part.write_bytes(content)
        with atomic_path(folder / f"{name}.md5") as part:
            part.write_text(f"MD5({name})= {md5(content).hexdigest()}\n")
    counts = Counts("demo.articles")
    counts.add(
        "terms",
        read=len(terms),
        kept=len(living),
        dropped={"obsolete": len(terms) - len(living)},
    )
    bare = sum(not (term.definition or term.comment) for term in living)
    counts.facts.update(release=release, without_abstract=bare)
    return counts


def article_set(terms: Sequence[Term], release: str) -> bytes:
    """The XML of one file, UTF-8."""
    buffer = BytesIO()
    with etree.xmlfile(buffer, encoding="utf-8") as xml:
        xml.write_declaration()
        xml.write_doctype(_DOCTYPE)
        with xml.element("PubmedArticleSet"):
            for term in terms:
                xml.write("\n", article(term, release))
            xml.write("\n")
    return buffer.getvalue()


def article(term: Term, release: str) -> etree._Element:
    """The PubmedArticle of one term; without Abstract where there is no text for it."""
    root = etree.Element("PubmedArticle")
    citation = etree.SubElement(
        root, "MedlineCitation", Status="PubMed-not-MEDLINE", Owner="NOTNLM"
    )
    _text(citation, "PMID", str(FIRST_PMID + term.number), Version="1")
    entry = etree.SubElement(citation, "Article", PubModel="Electronic")
    journal = etree.SubElement(entry, "Journal")
    issue = etree.SubElement(journal, "JournalIssue", CitedMedium="Internet")
    _text(etree.SubElement(issue, "PubDate"), "Year", release[:4])
    _text(journal, "Title", f"Human Phenotype Ontology, release {release} (terms, not articles)")
    _text(entry, "ArticleTitle", term.name)
    _text(entry, "ELocationID", term.id, EIdType="pii")
    texts = {"DEFINITION": term.definition, "COMMENT": term.comment}
    if any(texts.values()):
        abstract = etree.SubElement(entry, "Abstract")
        for label, text in texts.items():
            if text:
                _text(abstract, "AbstractText", " ".join(text.split()), Label=label)
    _text(entry, "Language", "eng")
    types = etree.SubElement(entry, "PublicationTypeList")
    _text(types, "PublicationType", "Dataset", UI="D064886")
    journal_info = etree.SubElement(citation, "MedlineJournalInfo")
    _text(journal_info, "MedlineTA", "HPO")
    return root


def _text(parent: etree._Element, tag: str, text: str, **attributes: str) -> None:
    etree.SubElement(parent, tag, attributes).text = text
