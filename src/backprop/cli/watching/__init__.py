"""What keeps a command running again: which files it reads, when they change, and who sees what comes."""
