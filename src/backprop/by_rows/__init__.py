"""Equations over rows of data, a block of rows at a time: what is summed over rows is all that is kept."""
