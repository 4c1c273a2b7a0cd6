"""UMLS-shaped RRF files of any size, of invented words: the input of the benchmarks.

    python benchmarks/generate_umls.py --conso 2000000 --rel 5000000 --seed 29 --out-dir DIR

Writes MRCONSO, MRREL, MRSTY, MRDEF, MRCUI, MRFILES and MRCOLS, and prints what each holds as
JSON. Everything is a function of (seed, row), so that the bytes depend on the arguments alone.
Memory grows by about 60 bytes a concept and 8 a row of MRREL; the rest is done in blocks.

What is like UMLS: the layout; 4.2 atoms a concept, a few with hundreds; languages, sources and
term types in about their shares; of each concept and language one preferred atom (TS=P, STT=PF,
ISPREF=Y); the same string from several sources; suppressed atoms; relations in both directions
and from several sources, hubs with a hundred thousand of them, some with the concept itself or a
retired one. What is not: SUI and LUI number the strings of one concept, so that concepts with a
common name have different ones; STN is left out; MIN, AV and MAX of MRCOLS are left out.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pyarrow as pa
from synthetic_umls.atoms import write_atoms
from synthetic_umls.attributes import write_definitions, write_retired, write_types
from synthetic_umls.concepts import number_concepts
from synthetic_umls.fields import RrfWriter
from synthetic_umls.relations import write_relations

FILES = {
    "MRCONSO.RRF": "CUI,LAT,TS,LUI,STT,SUI,ISPREF,AUI,SAUI,SCUI,SDUI,SAB,TTY,CODE,STR,SRL,"
    "SUPPRESS,CVF",
    "MRREL.RRF": "CUI1,AUI1,STYPE1,REL,CUI2,AUI2,STYPE2,RELA,RUI,SRUI,SAB,SL,RG,DIR,SUPPRESS,CVF",
    "MRSTY.RRF": "CUI,TUI,STN,STY,ATUI,CVF",
    "MRDEF.RRF": "CUI,AUI,ATUI,SATUI,SAB,DEF,SUPPRESS,CVF",
    "MRCUI.RRF": "CUI1,VER,REL,RELA,MAPREASON,CUI2,MAPIN",
}


def write_catalogue(files: list[RrfWriter], folder: Path) -> None:
    """MRCOLS and MRFILES, which tell columns, rows and bytes of the other files."""
    names = {"MRCONSO": "Concept names and sources", "MRREL": "Related concepts",
             "MRSTY": "Semantic types", "MRDEF": "Definitions",
             "MRCUI": "Retired CUI mapping", "MRCOLS": "Attribute relation"}  # fmt: skip
    cells = sorted((column, file.name) for file in files for column in file.columns)
    with RrfWriter(folder, "MRCOLS.RRF", "COL,DES,REF,MIN,AV,MAX,FIL,DTY") as columns:
        columns.write(pa.array([f"{col}||||||{name}|varchar" for col, name in cells]))
    with RrfWriter(folder, "MRFILES.RRF", "FIL,DES,FMT,CLS,RWS,BTS") as out:
        out.write(
            pa.array(
                f"{f.name}|{names[f.name[:-4]]}|{','.join(f.columns)}|{len(f.columns)}"
                f"|{f.rows}|{f.size}"
                for f in sorted([*files, columns], key=lambda f: f.name)
            )
        )


def main() -> None:
    """Write all files; print rows, bytes and broken rows of each as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conso", type=int, required=True, help="rows of MRCONSO")
    parser.add_argument("--rel", type=int, required=True, help="rows of MRREL")
    parser.add_argument("--seed", type=int, default=29, help="of all choices")
    parser.add_argument("--hostile", type=float, default=0.0, help="share of rows to break")
    parser.add_argument("--out-dir", type=Path, required=True, help="the META folder")
    args = parser.parse_args()
    args.out_dir.mkdir(parents=True, exist_ok=True)
    concepts = number_concepts(args.conso, args.seed)
    steps = (
        write_atoms,
        lambda concepts, out: write_relations(concepts, args.rel, out),
        write_types,
        write_definitions,
        write_retired,
    )
    files = []
    for (name, columns), step in zip(FILES.items(), steps, strict=True):
        with RrfWriter(args.out_dir, name, columns, args.hostile, args.seed) as out:
            step(concepts, out)
        files.append(out)
    write_catalogue(files, args.out_dir)
    told = {f.name: {"rows": f.rows, "bytes": f.size, "broken": f.broken} for f in files}
    print(json.dumps({"concepts": len(concepts.cui), "files": told}, indent=2))


if __name__ == "__main__":
    main()
