"""Stage corpus: PubMed XML to documents and sentences, by shard."""
