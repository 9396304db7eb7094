"""Descent on the inputs of a Model: a table of optimizers, rules for stopping, and the run."""

from backprop.descent.descend import descend
from backprop.descent.optimizers import OPTIMIZERS, SCHEDULES
from backprop.descent.result import Descent, State
from backprop.descent.run import Step

__all__ = ["OPTIMIZERS", "SCHEDULES", "Descent", "State", "Step", "descend"]
