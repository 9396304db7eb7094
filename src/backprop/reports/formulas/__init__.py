"""Derivatives as formulas: a file a format."""
