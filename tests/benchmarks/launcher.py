"""Starts commands, and says of each its wall time, its peak memory and its output.

A process inherits the peak memory of the one that started it, so this one must be small: it imports
nothing that is not needed, and is run by `python -S -E -I`.
"""

import os
import sys
from time import perf_counter

SEPARATOR, LINE_END = "\x1f", "\x1e"


def main() -> None:
    """A command a line; the reply is a Python tuple: seconds, bytes, status, output."""
    unit = 1 if sys.platform == "darwin" else 1024
    for line in sys.stdin:
        words = line.rstrip("\n").replace(LINE_END, "\n").split(SEPARATOR)
        out, into = os.pipe()
        actions = [(os.POSIX_SPAWN_DUP2, into, 1), (os.POSIX_SPAWN_CLOSE, out)]
        start = perf_counter()
        process = os.posix_spawnp(words[0], words, os.environ, file_actions=actions)
        os.close(into)
        with os.fdopen(out, "rb") as pipe:
            output = pipe.read()
        _, status, used = os.wait4(process, 0)
        elapsed = perf_counter() - start
        print((elapsed, used.ru_maxrss * unit, status, output.decode()), flush=True)


if __name__ == "__main__":
    main()
