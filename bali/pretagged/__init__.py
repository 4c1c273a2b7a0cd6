"""Mentions that another tool found and normalised: BERN2, PubTator 3, BioC XML."""
