"""The chain rule step by step: what `backprop explain` writes."""

from backprop.derivation.build import derivation
from backprop.derivation.paths import paths
from backprop.derivation.steps import Computed, Derivation, Given, Passed, Path, Share, Total

__all__ = [
    "Computed",
    "Derivation",
    "Given",
    "Passed",
    "Path",
    "Share",
    "Total",
    "derivation",
    "paths",
]
