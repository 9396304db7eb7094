"""Descent on the inputs of a Model: a table of optimizers, rules for stopping, and the run."""

from backprop.descent.errand import Errand
from backprop.descent.history import Step
from backprop.descent.optimizers import OPTIMIZERS, SCHEDULES
from backprop.descent.result import Descent, State
from backprop.descent.starts import descend

__all__ = ["OPTIMIZERS", "SCHEDULES", "Descent", "Errand", "State", "Step", "descend"]
