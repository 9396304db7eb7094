"""One file a language into which the walk of the chain rule can be written."""
