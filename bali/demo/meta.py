"""`bali demo meta`: the installed HPO as a META folder, in NLM's layout.

The CUIs are real: HPO states them as xrefs. One CUI stands for a term: of its well-formed xrefs
the one that most terms share, then the lowest; terms with one CUI become one concept. A term
without a CUI is bridged: its children point to its nearest ancestors that have one.

What NLM would assign is ours, by rule, and is no NLM identifier: AUI, LUI, SUI, RUI and ATUI are
running numbers over sorted rows; TS, STT, ISPREF make the label of the lowest HP id the one
preferred row of its concept; term types follow the synonym's scope and type; semantic types
follow the branch of HPO (`BRANCHES`). MRREL holds both directions and reads backwards, as NLM
writes it: CUI2 isa CUI1.

Layouts: UMLS Reference Manual, chapter 3 (https://www.ncbi.nlm.nih.gov/books/NBK9685/).
"""

from __future__ import annotations

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bali.counts import Counts
from bali.demo.hpo import Synonym, Term, read_installed
from bali.files import atomic_path
from bali.text import normalise

SAB = "HPO"
_CUI = re.compile(r"C[0-9]{7}")

# Branch of HPO -> its semantic type (TUI, STN, STY); the first branch that holds the term counts.
BRANCHES = {
    "HP:0002664": ("T191", "B2.2.1.2.1.2", "Neoplastic Process"),
    "HP:0025142": ("T184", "A2.2.2", "Sign or Symptom"),
    "HP:0000118": ("T033", "A2.2", "Finding"),
    "HP:0032443": ("T033", "A2.2", "Finding"),
    "HP:0020228": ("T033", "A2.2", "Finding"),
    "HP:0000005": ("T045", "B2.2.1.1.4.1", "Genetic Function"),
    "HP:0012823": ("T080", "A2.1.2", "Qualitative Concept"),
    "HP:0040279": ("T081", "A2.1.3", "Quantitative Concept"),
    "HP:0032223": ("T032", "A2.3", "Organism Attribute"),
}
ELSEWHERE = ("T078", "A2.1", "Idea or Concept")  # the root


@dataclass(frozen=True)
class Atom:
    """One row of MRCONSO before NLM's identifiers: a name of a term."""

    cui: str
    code: str
    tty: str
    name: str
    suppress: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of `bali demo meta`."""
    parser.add_argument("--release", required=True, help="HPO release, as in 2025-01-16")
    parser.add_argument("--out-dir", type=Path, required=True, help="META folder to write")
    parser.add_argument("--counts", type=Path, required=True, help="counts.json to write")


def run(args: argparse.Namespace) -> None:
    """Write the four RRF files and the counts."""
    write_meta(read_installed(args.release), args.out_dir, args.release).write(args.counts)


def write_meta(terms: Sequence[Term], folder: Path, release: str) -> Counts:
    """Write MRCONSO, MRREL, MRSTY and MRDEF of the terms that are not obsolete.

    Args:
        terms: sorted by id.
        folder: META folder; made where it is missing.
        release: of HPO; goes into the counts.

    Returns:
        The account: terms, names and relations read, kept and dropped.
    """
    counts = Counts("demo.meta")
    living = [term for term in terms if not term.obsolete]
    cuis = primary_cuis(living)
    kept = [term for term in living if term.id in cuis]
    malformed = sum(bool(term.umls) for term in living if term.id not in cuis)
    counts.add(
        "terms",
        read=len(terms),
        kept=len(kept),
        dropped={
            "obsolete": len(terms) - len(living),
            "malformed CUI": malformed,
            "no CUI": len(living) - len(kept) - malformed,
        },
    )
    atoms = _atoms(kept, cuis, counts)
    preferred = _write_conso(atoms, folder / "MRCONSO.RRF")
    _write_rel(living, cuis, folder / "MRREL.RRF", counts)
    _write_sty(living, cuis, folder / "MRSTY.RRF")
    _write_def(kept, cuis, preferred, folder / "MRDEF.RRF")
    counts.facts.update(
        source=f"Human Phenotype Ontology {release}, https://hpo.jax.org",
        release=release,
        terms=len(living),
        is_a=sum(len(term.parents) for term in living),
        concepts=len(set(cuis.values())),
    )
    return counts


def primary_cuis(terms: Iterable[Term]) -> dict[str, str]:
    """HP id -> the one CUI that stands for it; terms without a well-formed one are left out."""
    valid = {term.id: sorted({cui for cui in term.umls if _CUI.fullmatch(cui)}) for term in terms}
    sharing = Counter(cui for cuis in valid.values() for cui in cuis)
    return {
        term: min(cuis, key=lambda cui: (-sharing[cui], cui))
        for term, cuis in valid.items()
        if cuis
    }


def term_type(synonym: Synonym) -> str:
    """TTY of a synonym: ours, in the abbreviations that NLM uses for such names."""
    if synonym.kind == "obsolete_synonym":
        return "IS"
    if synonym.kind == "abbreviation":
        return "AB"
    return "SY" if synonym.scope == "EXACT" else "ET"


def bridge(terms: Sequence[Term], cuis: dict[str, str]) -> dict[str, list[str]]:
    """HP id -> its nearest ancestors that have a CUI, sorted, for each term that has one.

    On each way up the first ancestor with a CUI ends the search.
    """
    parents = {term.id: term.parents for term in terms}
    nearest: dict[str, list[str]] = {}
    for term in terms:
        if term.id not in cuis:
            continue
        found, seen, queue = set(), set(), list(term.parents)
        while queue:
            ancestor = queue.pop()
            if ancestor in cuis:
                found.add(ancestor)
            elif ancestor not in seen:
                seen.add(ancestor)
                queue.extend(parents.get(ancestor, ()))
        nearest[term.id] = sorted(found)
    return nearest


def _atoms(terms: Sequence[Term], cuis: dict[str, str], counts: Counts) -> list[Atom]:
    """Names by concept, the preferred one first; equal rows once."""
    atoms: dict[str, dict[Atom, None]] = defaultdict(dict)  # a dict keeps the order
    read = 0
    for term in terms:
        cui = cuis[term.id]
        rows = [Atom(cui, term.id, "PT", _clean(term.name), "N")]
        for synonym in term.synonyms:
            tty = term_type(synonym)
            flag = "O" if tty == "IS" else "N"
            rows.append(Atom(cui, term.id, tty, _clean(synonym.text), flag))
        atoms[cui].update(dict.fromkeys(rows))
        read += len(rows)
    kept = [atom for cui in sorted(atoms) for atom in atoms[cui]]
    counts.add("names", read=read, kept=len(kept), dropped={"duplicate": read - len(kept)})
    return kept


def _write_conso(atoms: Sequence[Atom], path: Path) -> dict[str, str]:
    """Write MRCONSO; returns HP id -> AUI of its label."""
    sui = {name: f"S{n:07d}" for n, name in enumerate(sorted({a.name for a in atoms}), 1)}
    forms = sorted({normalise(atom.name) for atom in atoms})
    lui = {form: f"L{n:07d}" for n, form in enumerate(forms, 1)}
    labels: dict[str, str] = {}
    rows = []
    first: dict[tuple[str, str], str] = {}  # (CUI, LUI) -> its first string
    strings: set[tuple[str, str]] = set()  # (CUI, SUI)
    preferred: dict[str, str] = {}  # CUI -> LUI of its first row
    for number, atom in enumerate(atoms, 1):
        aui, string, form = f"A{number:07d}", sui[atom.name], lui[normalise(atom.name)]
        ts = "P" if preferred.setdefault(atom.cui, form) == form else "S"
        stt = "PF" if first.setdefault((atom.cui, form), string) == string else "VO"
        ispref = "N" if (atom.cui, string) in strings else "Y"
        strings.add((atom.cui, string))
        if atom.tty == "PT":
            labels[atom.code] = aui
        # CUI LAT TS LUI STT SUI ISPREF AUI | SAUI SCUI SDUI SAB TTY CODE STR SRL SUPPRESS CVF
        ids = (atom.cui, "ENG", ts, form, stt, string, ispref, aui)
        source = ("", atom.code, "", SAB, atom.tty, atom.code, atom.name, "0", atom.suppress, "")
        rows.append(ids + source)
    _write(path, rows)
    return labels


def _write_rel(terms: Sequence[Term], cuis: dict[str, str], path: Path, counts: Counts) -> None:
    pairs = [
        (cuis[child], cuis[parent])
        for child, parents in bridge(terms, cuis).items()
        for parent in parents
    ]
    between = [(child, parent) for child, parent in pairs if child != parent]
    kept = sorted(set(between))
    counts.add(
        "is_a, bridged",
        read=len(pairs),
        kept=len(kept),
        dropped={"inside one concept": len(pairs) - len(between)}
        | {"duplicate": len(between) - len(kept)},
    )
    edges = sorted(
        edge
        for child, parent in kept
        for edge in ((parent, "CHD", child, "isa"), (child, "PAR", parent, "inverse_isa"))
    )
    # CUI1 AUI1 STYPE1 REL CUI2 AUI2 STYPE2 RELA RUI SRUI SAB SL RG DIR SUPPRESS CVF
    rows = (
        (cui1, "", "CUI", rel, cui2, "", "CUI", rela, f"R{n:07d}", "", SAB, SAB, "", "N", "N", "")
        for n, (cui1, rel, cui2, rela) in enumerate(edges, 1)
    )
    _write(path, rows)


def _write_sty(terms: Sequence[Term], cuis: dict[str, str], path: Path) -> None:
    parents = {term.id: term.parents for term in terms}
    types: set[tuple[str, tuple[str, str, str]]] = set()
    for term, cui in cuis.items():
        lineage, queue = {term}, [term]
        while queue:
            above = [parent for parent in parents.get(queue.pop(), ()) if parent not in lineage]
            lineage.update(above)
            queue.extend(above)
        types.add(
            (cui, next((kind for branch, kind in BRANCHES.items() if branch in lineage), ELSEWHERE))
        )
    # CUI TUI STN STY ATUI CVF
    rows = (
        (cui, tui, stn, sty, f"AT{n:07d}", "")
        for n, (cui, (tui, stn, sty)) in enumerate(sorted(types), 1)
    )
    _write(path, rows)


def _write_def(
    terms: Sequence[Term], cuis: dict[str, str], labels: dict[str, str], path: Path
) -> None:
    defined = sorted(
        (cuis[term.id], labels[term.id], _clean(term.definition))
        for term in terms
        if term.definition
    )
    # CUI AUI ATUI SATUI SAB DEF SUPPRESS CVF; numbers stand above those of MRSTY
    rows = (
        (cui, aui, f"AT5{n:06d}", "", SAB, text, "N", "")
        for n, (cui, aui, text) in enumerate(defined, 1)
    )
    _write(path, rows)


def _clean(text: str) -> str:
    """A text that fits in a field: RRF knows no quoting, so a pipe or newline would end it."""
    return " ".join(text.replace("|", "/").split())


def _write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write rows as RRF: fields joined by pipes, one more at the end."""
    with atomic_path(path) as part, part.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines("|".join(row) + "|\n" for row in rows)
