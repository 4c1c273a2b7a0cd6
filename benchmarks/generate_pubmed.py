"""A PubMed-shaped file of any size, of invented words: the input of bench_corpus.py.

    python benchmarks/generate_pubmed.py --articles 30000 --seed 29 --out DIR/pubmed99n0001.xml.gz

Writes the file and its .md5; the bytes depend on the arguments alone.

What is like a file of recent years: the layout and its order; about 7 KB of XML an article, most
of it authors with affiliations and reference lists; a title of 13 words, an abstract of 190 in
three articles of four, with sections in every third; inline mark-up, ten MeSH headings, history,
identifiers. What is not: PMIDs without gaps; words of equal frequency, so that gzip packs worse.
"""

from __future__ import annotations

import argparse
import gzip
import random
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

FIRST_PMID = 30_000_001
SECTIONS = ("BACKGROUND", "METHODS", "RESULTS", "CONCLUSIONS")
HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD '
    'PubMedArticle, 1st January 2025//EN" "https://dtd.nlm.nih.gov/ncbi/pubmed/out/'
    'pubmed_250101.dtd">\n<PubmedArticleSet>\n'
)
SYLLABLES = "ba co di fe gu ha jo ka lu mi na or pe ra si to ul ve xa zy".split()


class Articles:
    """Makes articles, one after the other."""

    def __init__(self, seed: int) -> None:
        """Draw the words."""
        self._rng = random.Random(seed)
        self._words = [
            "".join(self._rng.choices(SYLLABLES, k=self._rng.randint(1, 5))) for _ in range(20_000)
        ]
        self._places = [self._prose(18).replace(".", ",") for _ in range(5_000)]

    def _prose(self, words: int) -> str:
        """About so many words in sentences, with mark-up, entities and letters beyond ASCII."""
        drawn = self._rng.choices(self._words, k=words)
        for at in range(0, words, 19):
            drawn[at] = drawn[at].capitalize()
            if at:
                drawn[at - 1] += "."
        for at in range(7, words, 43):
            drawn[at] += self._rng.choice(
                ("<sub>2</sub>", "<sup>+</sup>", " <i>in vivo</i>", " (p &lt; .05)", " \u03b2")
            )
        return " ".join(drawn) + "."

    def article(self, pmid: int) -> str:
        """The PubmedArticle of one PMID."""
        rng = self._rng
        year, month = rng.randint(2015, 2024), rng.randint(1, 12)
        date = f"<Year>{year}</Year><Month>{month:02d}</Month><Day>{rng.randint(1, 28):02d}</Day>"
        doi = f"10.{rng.randint(1000, 9999)}/j.{pmid}"
        return (
            '<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM">'
            f'<PMID Version="1">{pmid}</PMID><DateCompleted>{date}</DateCompleted>'
            f"<DateRevised>{date}</DateRevised>"
            '<Article PubModel="Print-Electronic"><Journal><ISSN IssnType="Print">0000-0000</ISSN>'
            '<JournalIssue CitedMedium="Internet"><Volume>12</Volume><Issue>3</Issue>'
            f"<PubDate><Year>{year}</Year><Month>Aug</Month></PubDate></JournalIssue>"
            f"<Title>Journal of {rng.choice(self._words)}</Title></Journal>"
            f"<ArticleTitle>{self._prose(13)}</ArticleTitle>"
            f'<ELocationID EIdType="doi" ValidYN="Y">{doi}</ELocationID>{self._abstract()}'
            f'<AuthorList CompleteYN="Y">{"".join(self._authors())}</AuthorList>'
            '<Language>eng</Language><PublicationTypeList><PublicationType UI="D016428">Journal '
            'Article</PublicationType></PublicationTypeList><ArticleDate DateType="Electronic">'
            f"{date}</ArticleDate></Article><MedlineJournalInfo><Country>England</Country>"
            f"<MedlineTA>J {rng.choice(self._words)}</MedlineTA></MedlineJournalInfo>"
            f"<MeshHeadingList>{''.join(self._headings())}</MeshHeadingList></MedlineCitation>"
            f'<PubmedData><History><PubMedPubDate PubStatus="pubmed">{date}</PubMedPubDate>'
            f'<PubMedPubDate PubStatus="entrez">{date}</PubMedPubDate></History>'
            "<PublicationStatus>ppublish</PublicationStatus>"
            f'<ArticleIdList><ArticleId IdType="pubmed">{pmid}</ArticleId>'
            f'<ArticleId IdType="doi">{doi}</ArticleId></ArticleIdList>'
            f"{''.join(self._references())}</PubmedData></PubmedArticle>\n"
        )

    def _abstract(self) -> str:
        if self._rng.random() > 0.75:
            return ""
        if self._rng.random() > 0.33:
            texts = f"<AbstractText>{self._prose(self._rng.randint(120, 260))}</AbstractText>"
        else:
            texts = "".join(
                f'<AbstractText Label="{label}">{self._prose(self._rng.randint(30, 80))}'
                "</AbstractText>"
                for label in SECTIONS
            )
        return f"<Abstract>{texts}</Abstract>"

    def _authors(self) -> Iterator[str]:
        for name in self._rng.choices(self._words, k=self._rng.randint(1, 11)):
            yield (
                f'<Author ValidYN="Y"><LastName>{name.title()}</LastName><ForeName>Ada B</ForeName>'
                "<Initials>AB</Initials><AffiliationInfo><Affiliation>"
                f"{self._rng.choice(self._places)}</Affiliation></AffiliationInfo></Author>"
            )

    def _headings(self) -> Iterator[str]:
        for number in self._rng.choices(range(30_000), k=self._rng.randint(4, 16)):
            yield (
                f'<MeshHeading><DescriptorName UI="D{number:06d}" MajorTopicYN="N">'
                f"{self._words[number % len(self._words)]}</DescriptorName>"
                '<QualifierName UI="Q000187" MajorTopicYN="Y">drug effects</QualifierName>'
                "</MeshHeading>"
            )

    def _references(self) -> Iterator[str]:
        if self._rng.random() > 0.4:
            return
        yield "<ReferenceList>"
        for pmid in self._rng.choices(range(FIRST_PMID), k=self._rng.randint(5, 50)):
            yield (
                f"<Reference><Citation>{self._rng.choice(self._places)} 2001;12(3):4-5</Citation>"
                f'<ArticleIdList><ArticleId IdType="pubmed">{pmid}</ArticleId>'
                f'<ArticleId IdType="doi">10.1000/{pmid}</ArticleId></ArticleIdList></Reference>'
            )
        yield "</ReferenceList>"


def write_file(path: Path, articles: int, seed: int) -> int:
    """Write the file and its .md5; returns the bytes of XML."""
    make = Articles(seed)
    size = 0
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as out:
        size += out.write(HEAD.encode())
        for pmid in range(FIRST_PMID, FIRST_PMID + articles):
            size += out.write(make.article(pmid).encode())
        gone = "".join(f'<PMID Version="1">{FIRST_PMID + n}</PMID>' for n in range(0, articles, 97))
        size += out.write(f"<DeleteCitation>{gone}</DeleteCitation></PubmedArticleSet>\n".encode())
    digest = md5(path.read_bytes()).hexdigest()
    path.with_name(f"{path.name}.md5").write_text(f"MD5({path.name})= {digest}\n")
    return size


def main() -> None:
    """Write the file; print what it holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--articles", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=29)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    size = write_file(args.out, args.articles, args.seed)
    print(f"{args.out}: {args.articles} articles, {size / 1e6:.0f} MB of XML")


if __name__ == "__main__":
    main()
