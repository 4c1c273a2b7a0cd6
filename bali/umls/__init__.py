"""Stage umls: RRF files to sorted Parquet tables, by Spark."""
