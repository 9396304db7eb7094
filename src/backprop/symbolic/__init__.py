"""Derivatives as formulas: what equations compute, the chain rule on it, and gradients of outputs."""
