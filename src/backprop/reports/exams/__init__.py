"""Exams: question sheets and keys, a file a format."""
