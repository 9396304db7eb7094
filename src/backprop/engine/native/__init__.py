"""Machine code: formulas of the table as LLVM's instructions, kernels that run tapes, straight lines."""
