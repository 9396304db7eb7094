"""Pictures as plain shapes at fixed places, of which each format and each step is written."""
