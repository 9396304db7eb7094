"""Graphs made ready to run many times: engines, and kernels that run tapes."""
