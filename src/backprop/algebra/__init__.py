"""Formulas that can be calculated with: their kinds, one normal form, the table of rewrites, one writer."""
