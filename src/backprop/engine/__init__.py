"""Forward and backward over Values, and what went wrong on the way."""

from backprop.engine.equations import by_names, steps_of
from backprop.engine.gradient import Gradient, gradient
from backprop.engine.interpreter import backward, forward, local_slopes

__all__ = ["Gradient", "backward", "by_names", "forward", "gradient", "local_slopes", "steps_of"]
