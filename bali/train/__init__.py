"""Stage train: one folder for each run and seed."""
