"""Stage linking: mentions of concepts in sentences, by dictionary and scispaCy."""
