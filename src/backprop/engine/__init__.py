"""Graphs made ready to run many times: the walk that writes code, kernels that run tapes."""
