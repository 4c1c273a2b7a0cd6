"""Stage report: all counts and metrics in one page."""
