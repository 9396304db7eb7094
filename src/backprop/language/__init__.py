"""What a file means: statements → names, families, unrolling, checks → a Model."""

from backprop.language.model import Model
from backprop.language.reading import Setting, read_model, read_settings
from backprop.language.rewrite import members_apart, with_defaults

__all__ = ["Model", "Setting", "members_apart", "read_model", "read_settings", "with_defaults"]
