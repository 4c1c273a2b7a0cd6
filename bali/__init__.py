"""BALI: align a biomedical language model with UMLS, from raw files to a result table."""
