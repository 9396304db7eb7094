"""The languages into which the chain rule is written: Python, LLVM's, and formulas for people."""
