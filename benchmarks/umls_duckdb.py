"""Peer of `bali umls tables`: DuckDB with the same filters, distincts and orders.

    python benchmarks/umls_duckdb.py --meta DIR --out-dir DIR --threads 2 --memory-mb 6144

Writes concepts, names, codes, semantic_types, definitions, relations and retired, with the same
rows in the same order. It does less than ours: no counts by reason, no held-out names (so ours is
given share 0), and a malformed row stops it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import duckdb

LAYOUTS = {
    "MRCONSO": "cui lat ts lui stt sui ispref aui saui scui sdui sab tty code str srl suppress cvf",
    "MRREL": "cui1 aui1 stype1 rel cui2 aui2 stype2 rela rui srui sab sl rg dir suppress cvf",
    "MRSTY": "cui tui stn sty atui cvf",
    "MRDEF": "cui aui atui satui sab def suppress cvf",
    "MRCUI": "cui1 ver rel rela mapreason cui2 mapin",
}
# `later` comes first in the order of choice: false for NLM's preferred atom
ATOMS = """
CREATE TABLE atoms AS
SELECT cui, str AS name, sab, tty, code, NOT (ts = 'P' AND stt = 'PF' AND ispref = 'Y') AS later
FROM MRCONSO
WHERE lat = 'ENG' AND suppress NOT IN ('O', 'E', 'Y') AND str <> ''
"""
NAMES = """
CREATE TABLE names AS
SELECT cui, name, min(struct_pack(later, sab, tty)) AS best FROM atoms GROUP BY cui, name
"""
CONCEPTS = """
CREATE TABLE concepts AS
SELECT cui, min(struct_pack(later := best.later, sab := best.sab, tty := best.tty, name)).name
    AS name
FROM names GROUP BY cui
"""
TABLES = {
    "concepts": "SELECT cui, name FROM concepts ORDER BY cui",
    "names": """
        SELECT cui, name, best.sab AS sab, best.tty AS tty, NOT best.later AS preferred
        FROM names ORDER BY cui, name
    """,
    "codes": """
        SELECT DISTINCT cui, sab, code FROM atoms WHERE code NOT IN ('', 'NOCODE')
        ORDER BY cui, sab, code
    """,
    "semantic_types": """
        SELECT DISTINCT cui, tui, sty FROM MRSTY SEMI JOIN concepts USING (cui)
        ORDER BY cui, tui, sty
    """,
    "definitions": """
        SELECT DISTINCT cui, sab, def AS definition FROM MRDEF SEMI JOIN concepts USING (cui)
        WHERE suppress NOT IN ('O', 'E', 'Y') ORDER BY cui, sab, definition
    """,
    "relations": """
        SELECT cui2 AS head, cui1 AS tail, rel, rela, min(sab) AS sab
        FROM MRREL
        SEMI JOIN concepts AS a ON cui1 = a.cui
        SEMI JOIN concepts AS b ON cui2 = b.cui
        WHERE suppress NOT IN ('O', 'E', 'Y') AND cui1 <> cui2
        GROUP BY ALL ORDER BY head, tail, rel, rela
    """,
    "retired": """
        SELECT cui1 AS cui, min(cui2) AS successor
        FROM MRCUI
        SEMI JOIN concepts AS a ON cui2 = a.cui
        ANTI JOIN concepts AS b ON cui1 = b.cui
        WHERE rel = 'SY' GROUP BY cui1 HAVING min(cui2) = max(cui2) ORDER BY cui1
    """,
}


def rrf_view(path: Path, table: str) -> str:
    """A view of an RRF file: no quoting, no escapes, all text; a column behind the last pipe."""
    columns = [*LAYOUTS[table].split(), "rest"]
    types = ", ".join(f"'{column}': 'VARCHAR'" for column in columns)
    literal = str(path).replace("'", "''")
    return f"""
        CREATE VIEW {table} AS SELECT * EXCLUDE rest FROM read_csv(
            '{literal}', auto_detect = false, header = false, delim = '|', quote = '', escape = '',
            new_line = '\\n', columns = {{{types}}}, force_not_null = {columns})
    """


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--meta", type=Path, required=True, help="the META folder")
    parser.add_argument("--out-dir", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory-mb", type=int, default=6144, help="memory_limit, MiB")
    args = parser.parse_args()
    args.out_dir.mkdir(parents=True, exist_ok=True)
    settings = {
        "threads": args.threads,
        "memory_limit": f"{args.memory_mb}MiB",
        "temp_directory": str(args.out_dir / "spill"),
        "preserve_insertion_order": False,  # the orders are stated; this saves memory
    }
    with duckdb.connect(config=settings) as database:
        for table in LAYOUTS:
            database.execute(rrf_view(args.meta / f"{table}.RRF", table))
        for statement in (ATOMS, NAMES, CONCEPTS):
            database.execute(statement)
        for table, query in TABLES.items():
            path = str(args.out_dir / f"{table}.parquet").replace("'", "''")
            database.execute(
                f"COPY ({query}) TO '{path}' "
                "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 65536)"
            )


if __name__ == "__main__":
    main()
