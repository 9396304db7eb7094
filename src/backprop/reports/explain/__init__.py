"""Derivations as documents: one file a format."""
