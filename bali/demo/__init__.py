"""The sources of the demo: the Human Phenotype Ontology as UMLS and as PubMed files."""
