"""Rows of an invented UMLS; benchmarks/generate_umls.py writes them."""
