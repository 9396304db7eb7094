"""The chain rule that generates: a walk over a graph with a writer, and graphs of derivatives."""
