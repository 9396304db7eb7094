"""Descent on the inputs of a Model: a table of optimizers, rules for stopping, and the run."""

from backprop.descent.course import Step
from backprop.descent.minimize import descend
from backprop.descent.optimizers import OPTIMIZERS, SCHEDULES
from backprop.descent.result import Descent, State

__all__ = ["OPTIMIZERS", "SCHEDULES", "Descent", "State", "Step", "descend"]
