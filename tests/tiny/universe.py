"""An invented UMLS and invented abstracts, small enough to run the whole DAG in a minute.

Every concept, name and sentence is made up here; only the file layouts are real. Beside plain
rows the files hold what a filter must drop: another language, suppressed rows, duplicates, a
self-relation, an unknown CUI, names such as "NA" and a lone quote.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from hashlib import md5
from itertools import pairwise
from pathlib import Path

STEMS = "zorb quill mard fenn loxo tarv brin dask welm yott prax glim".split()
KINDS = {"itis": "inflammation", "osis": "degeneration"}
ORGANS = ["left flark", "right flark", "upper nool"]


def concepts() -> Iterator[tuple[str, list[str]]]:
    """(CUI, names) with the preferred name first."""
    yield "C9000000", ["flarkopathy", "disorder of the flark", "flark disease", "NA"]
    number = 1
    for stem in STEMS:
        for suffix, kind in KINDS.items():
            full = f"{stem}{suffix}"
            names = [full, f"{stem}ic {kind}", f"{full.capitalize()} of the {ORGANS[number % 3]}"]
            if number % 4 == 0:
                names.append(f"{stem}ic {kind} syndrome")
            yield f"C{9_000_000 + number}", names
            number += 1


def write_meta(folder: Path) -> None:
    """MRCONSO, MRREL, MRSTY and MRDEF of the invented concepts."""
    folder.mkdir(parents=True)
    conso, rel, sty, definition = [], [], [], []
    for i, (cui, names) in enumerate(concepts()):
        for j, name in enumerate(names):
            ts, pref = ("P", "Y") if j == 0 else ("S", "N")
            tty = "PT" if j == 0 else "SY"
            conso.append(conso_row(cui, name, ts=ts, ispref=pref, tty=tty, code=f"T:{i}"))
        sty.append(f"{cui}|T047|B2.2.1.2.1|Disease or Syndrome|AT{i:08d}||")
        definition.append(f"{cui}|A{i}|AT{i:08d}||TINY|{names[0]} is a made-up disease.|N||")
        if i:
            # every disease is a flarkopathy; the two kinds of one stem are neighbours
            rel += both_ways("C9000000", cui, i)
            if i % 2 == 0:
                rel.append(rel_row(f"C{9_000_000 + i - 1}", "RO", cui, "may_follow", 900 + i))
    conso += [
        conso_row("C9000001", "zorbitis", ts="S", ispref="N", tty="SY", code="T:dup"),
        conso_row("C9000001", "zorbite", lat="FRE"),
        conso_row("C9000002", "old zorbosis", suppress="O"),
        conso_row("C9000003", '"', code="NOCODE"),
    ]
    rel += [
        rel_row("C9000001", "RO", "C9000001", "same_as", 991),
        rel_row("C9000001", "RO", "C8000000", "unknown_to", 992),
        rel_row("C9000001", "RO", "C9000005", "may_follow", 993, suppress="O"),
    ]
    for table, rows in (("CONSO", conso), ("REL", rel), ("STY", sty), ("DEF", definition)):
        (folder / f"MR{table}.RRF").write_text("".join(f"{row}\n" for row in rows))


def conso_row(
    cui: str,
    name: str,
    *,
    lat: str = "ENG",
    ts: str = "S",
    ispref: str = "N",
    tty: str = "SY",
    code: str = "T:x",
    suppress: str = "N",
) -> str:
    """One MRCONSO row: 18 fields and the trailing pipe."""
    ids = f"L{len(name)}|PF|S{len(name)}"
    return f"{cui}|{lat}|{ts}|{ids}|{ispref}|A1||{code}||TINY|{tty}|{code}|{name}|0|{suppress}||"


def rel_row(cui1: str, rel: str, cui2: str, rela: str, number: int, suppress: str = "N") -> str:
    """One MRREL row, which reads backwards: CUI2 RELA CUI1."""
    return f"{cui1}|A1|CUI|{rel}|{cui2}|A2|CUI|{rela}|R{number}||TINY|TINY||N|{suppress}||"


def both_ways(parent: str, child: str, number: int) -> list[str]:
    """The two rows of an is-a, as NLM writes them."""
    return [
        rel_row(parent, "CHD", child, "isa", number),
        rel_row(child, "PAR", parent, "inverse_isa", number + 500),
    ]


def write_pubmed(folder: Path, files: int = 3) -> None:
    """Articles about the concepts, in numbered files with their .md5; one record is revised."""
    folder.mkdir(parents=True)
    everything = list(concepts())
    per_file: list[list[str]] = [[] for _ in range(files)]
    for i, (_, names) in enumerate(everything[1:], start=1):
        other = everything[1 + i % (len(everything) - 1)][1]
        abstract = (
            f"Patients with {names[1]} were compared with {other[0]} cases. "
            f"Severe {names[0]} (p < 0.05) occurred in 3.5 percent. "
            f"We conclude that {names[2]} follows {other[1]}s of the flark."
        )
        if i % 3 == 0:
            initials = "".join(word[0] for word in names[1].split()).upper()
            abstract += f" {names[1].capitalize()} ({initials}) is rare. {initials} was mild."
        per_file[i % files].append(article(i, f"A study of {names[0]} & others", abstract))
    # the last file revises article 1 and deletes article 2
    per_file[-1].append(article(1, "A study of zorbitis, revised", "The zorbitis was quillosis."))
    per_file[-1].append('<DeleteCitation><PMID Version="1">900000002</PMID></DeleteCitation>')
    for number, articles in enumerate(per_file, start=1):
        text = (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2024//EN" '
            '"pubmed_240101.dtd">\n'
            f"<PubmedArticleSet>{''.join(articles)}</PubmedArticleSet>\n"
        )
        path = folder / f"tiny{number}.xml.gz"
        path.write_bytes(gzip.compress(text.encode(), mtime=0))
        digest = md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        Path(f"{path}.md5").write_text(f"MD5({path.name})= {digest}\n")


def write_gold(folder: Path) -> None:
    """Gold in PubTator's layout, whose identifiers are CUIs, and rated pairs as in UMNSRS."""
    folder.mkdir(parents=True)
    everything = list(concepts())
    documents = []
    for i, (cui, names) in enumerate(everything[1:9]):
        title = f"A case of {names[0]}s"
        start = title.index(names[0])
        pmid = 900_000_001 + i  # of the articles, so that these must not train
        mention = f"{pmid}\t{start}\t{len(title)}\t{names[0]}s\tDisease\t{cui}"
        documents.append(f"{pmid}|t|{title}\n{pmid}|a|\n{mention}\n")
    (folder / "gold.txt").write_text("\n".join(documents))
    rows = [
        f"{i}.5,1,{one[1][0]},{other[1][1]},{one[0]},{other[0]}"
        for i, (one, other) in enumerate(pairwise(everything[:9]))
    ]
    (folder / "pairs.csv").write_text("\n".join(["Mean,Stdev,Term1,Term2,CUI1,CUI2", *rows, ""]))


def article(number: int, title: str, abstract: str) -> str:
    """One PubmedArticle with escaped text."""
    title, abstract = (
        text.replace("&", "&amp;").replace("<", "&lt;") for text in (title, abstract)
    )
    return (
        f'<PubmedArticle><MedlineCitation><PMID Version="1">{900_000_000 + number}</PMID><Article>'
        "<Journal><JournalIssue><PubDate><Year>2020</Year></PubDate></JournalIssue>"
        f"<Title>Tiny</Title></Journal><ArticleTitle>{title}</ArticleTitle>"
        f"<Abstract><AbstractText>{abstract}</AbstractText></Abstract>"
        "<Language>eng</Language></Article></MedlineCitation></PubmedArticle>"
    )


def texts() -> list[str]:
    """All names, from which a tiny tokeniser's vocabulary is made."""
    return [name for _, names in concepts() for name in names]
