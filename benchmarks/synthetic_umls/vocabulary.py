"""What the rows are drawn from: languages, sources, kinds of relations, invented words.

The abbreviations (LAT, SAB, TTY, REL, RELA) are the published ones, so that filters by them have
something to do; shares are rough estimates. Words are made of syllables and mean nothing.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bali.hashing import below

RESOURCES = Path(__file__).resolve().parents[2] / "resources"

# LAT, share of MRCONSO's rows, script
LANGUAGES = [
    ("ENG", 0.700, "latin"), ("SPA", 0.095, "accents"), ("FRE", 0.034, "accents"),
    ("POR", 0.030, "accents"), ("DUT", 0.022, "latin"), ("JPN", 0.022, "kana"),
    ("RUS", 0.020, "cyrillic"), ("GER", 0.019, "accents"), ("ITA", 0.018, "accents"),
    ("CZE", 0.014, "accents"), ("KOR", 0.010, "hangul"), ("HUN", 0.006, "accents"),
    ("CHI", 0.005, "kana"), ("NOR", 0.003, "latin"), ("SWE", 0.002, "accents"),
]  # fmt: skip

# SAB, share of the English rows, SRL, prefix of codes (None: NOCODE), TTYs from frequent to rare
SOURCES = [
    ("NCBI", 0.19, 0, "", "SCN SY"), ("SNOMEDCT_US", 0.16, 9, "", "SY PT FN OAP OAS"),
    ("MSH", 0.10, 0, "D", "PM NM ET MH CE"), ("RXNORM", 0.06, 0, "", "SY SCD IN BN PSN"),
    ("NCI", 0.08, 0, "C", "SY PT CN AB"), ("LNC", 0.07, 0, "LP", "LN LC OSN LPDN"),
    ("MTH", 0.05, 0, None, "PN"), ("ICD10PCS", 0.05, 0, "0Z", "AB PT PX"),
    ("OMIM", 0.04, 0, "MTHU", "ETAL PT PTAV"), ("MDR", 0.03, 3, "1", "LLT PT"),
    ("HPO", 0.02, 0, "HP:", "SY PT OP"), ("GO", 0.05, 0, "GO:", "SY PT ET OP"),
    ("ICD10CM", 0.04, 4, "Z", "AB PT ET"), ("HGNC", 0.06, 0, "HGNC:", "SYN PT ACR NA"),
]  # fmt: skip
FOREIGN = tuple(enumerate(("MSH", "MDR", "SCT", "WHO", "LNC"), 1))  # by rank; as in MSHFRE


SUPPRESS = "NOYE"
# cumulative shares of the flags: of preferred atoms and definitions, of the other atoms
PREFERRED_SUPPRESS, OTHER_SUPPRESS = (0.97, 0.99, 0.998, 1.0), (0.78, 0.92, 0.985, 1.0)

PREFIXES = ["", "β-", "2,4-", "N-", '"', "'", "(+)-", " "]
SUFFIXES = [
    "", ", NOS", " (disorder)", " 10 MG", '"', "'s", " \\", "\\", " [dup] ", " <1>", " 🙂", " ™",
]  # fmt: skip
# whole names that readers like to turn into something else
TRAPS = [
    "NA", "null", "NULL", "nan", "None", "N/A", '"', '""', "\\N", "\\", "'", "#", "-", "0", "1e5",
]  # fmt: skip

SCRIPTS = {
    "latin": ("bcdfgklmnprstvx", "aeiou"),
    "accents": ("bcçdfgklmnñprstvž", "aeiouáéíóúöüě"),
    "cyrillic": ("бвгдзклмнпрст", "аеиоуы"),
    "kana": ("アイウエオカキクケコサシスセソ", "ナニヌネノハマミムメモン"),
    "hangul": ("가나다라마바사아자차", "고노도로모보소오조초"),
}
WORDS_PER_SCRIPT = 20_000


def words(script: str, seed: int) -> list[str]:
    """Invented words of a script: two to five syllables of a consonant and a vowel each.

    A few occur twice: names that differ in their words may still be spelt alike.
    """
    consonants, vowels = SCRIPTS[script]
    number = np.arange(WORDS_PER_SCRIPT)[:, None]
    place = np.arange(5)[None, :]
    key = (seed, list(SCRIPTS).index(script), number, place)
    first, second = below(len(consonants), 1, *key), below(len(vowels), 2, *key)
    length = 2 + below(4, 3, *key[:3])[:, 0]
    return [
        "".join(consonants[c] + vowels[v] for c, v in zip(cs[:n], vs[:n], strict=True))
        for cs, vs, n in zip(first.tolist(), second.tolist(), length.tolist(), strict=True)
    ]


def semantic_types() -> list[tuple[str, str]]:
    """TUI and STY of the Semantic Network's types, by TUI."""
    with (RESOURCES / "semantic_groups.tsv").open(encoding="utf-8", newline="") as lines:
        return sorted((row["tui"], row["sty"]) for row in csv.DictReader(lines, delimiter="\t"))


@dataclass(frozen=True)
class AtomKinds:
    """The kinds of atoms: language, source and term type together.

    Attributes:
        fields: "SAB|TTY" of each kind.
        source: number of the kind's SAB, int64.
        prefix: how codes of the kind begin; "NOCODE" where it has none.
        srl: source restriction level, int64.
        cumulative: language + share of the kinds up to this one within the language, float64: a
            language's kinds fill the unit from its number on.
    """

    fields: list[str]
    source: np.ndarray
    prefix: list[str]
    srl: np.ndarray
    cumulative: np.ndarray


def atom_kinds() -> AtomKinds:
    """All kinds, by language."""
    kinds: list[tuple[str, str, str, int]] = []  # SAB, TTY, prefix, SRL
    cumulative: list[float] = []
    for number, (lat, _, _) in enumerate(LANGUAGES):
        if lat == "ENG":
            sources = SOURCES
        else:
            sources = [(f"{sab}{lat}", 1 / k, 3, "D", "PT MH LLT SY") for k, sab in FOREIGN]
        shares = []
        for sab, share, srl, code, ttys in sources:
            for k, tty in enumerate(ttys.split(), 1):
                kinds.append((sab, tty, "NOCODE" if code is None else code, srl))
                shares.append(share / k)
        cumulative.extend(number + np.cumsum(shares) / sum(shares))
    sabs = sorted({sab for sab, _, _, _ in kinds})
    return AtomKinds(
        fields=[f"{sab}|{tty}" for sab, tty, _, _ in kinds],
        source=np.array([sabs.index(sab) for sab, _, _, _ in kinds]),
        prefix=[prefix for _, _, prefix, _ in kinds],
        srl=np.array([srl for _, _, _, srl in kinds]),
        cumulative=np.array(cumulative),
    )
