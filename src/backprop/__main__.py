"""`python -m backprop`."""

from backprop.cli import command

if __name__ == "__main__":
    command()
