"""Stage evaluate: one JSON file for each run, seed and task."""
