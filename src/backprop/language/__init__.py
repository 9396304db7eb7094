"""Text → tokens (scanner) → shapes (grammar, parser) → a Model of Values (build, reading, quick)."""

from backprop.language.model import Model
from backprop.language.parser import Statement, equations, formula
from backprop.language.reading import Formulas, Setting, read_model, read_settings
from backprop.language.rewrite import with_defaults

__all__ = [
    "Formulas",
    "Model",
    "Setting",
    "Statement",
    "equations",
    "formula",
    "read_model",
    "read_settings",
    "with_defaults",
]
