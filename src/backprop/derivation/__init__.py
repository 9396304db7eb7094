"""The chain rule step by step: what `backprop explain` writes."""

from backprop.derivation.chain_rule import derivation
from backprop.derivation.paths import paths
from backprop.derivation.steps import Computed, Derivation, Passed, Share

__all__ = ["Computed", "Derivation", "Passed", "Share", "derivation", "paths"]
