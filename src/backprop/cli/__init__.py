"""The command line: options in, one call, one print, an exit status."""

import sys
from typing import NoReturn


def main() -> NoReturn:
    """What the command `backprop` runs. Exit status: 0, 1, 2, or 130 after Ctrl-C."""
    try:
        from backprop.cli.run import run

        status = run()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        status = 130
    sys.exit(status)
