"""Gradients checked without the slopes of the table, and derivatives that a person claims."""

from backprop.checks.claims import read_claims
from backprop.checks.gradients import GradientCheck, check_gradient
from backprop.checks.marking import Marked, Sheet, mark
from backprop.checks.verdict import Check

__all__ = ["Check", "GradientCheck", "Marked", "Sheet", "check_gradient", "mark", "read_claims"]
