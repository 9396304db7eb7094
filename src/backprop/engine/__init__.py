"""Forward and backward over Values, and graphs made ready to run many times."""

from backprop.engine.equations import by_names, steps_of
from backprop.engine.interpreter import backward, forward, local_slopes

__all__ = ["backward", "by_names", "forward", "local_slopes", "steps_of"]
