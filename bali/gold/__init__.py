"""Gold corpora: what linking and evaluation are scored against."""
