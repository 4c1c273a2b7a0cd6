"""Stage linking: mentions of concepts in sentences, by dictionary, scispaCy or pre-tagged files."""
