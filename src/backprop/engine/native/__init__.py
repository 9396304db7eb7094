"""Machine code: what compiles and calls it, and the kernels that run tapes."""
