"""Indexed equations as loops over arrays: read once, and not once for every member."""
