"""Klods: a platform on which a company builds its hub out of modules."""
