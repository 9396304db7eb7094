"""Forward and backward over Values, and what went wrong on the way."""

from backprop.engine.gradient import Gradient, gradient
from backprop.engine.interpreter import backward, forward, local_slopes

__all__ = ["Gradient", "backward", "forward", "gradient", "local_slopes"]
