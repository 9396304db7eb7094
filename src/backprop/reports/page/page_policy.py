"""How a page says which scripts and styles are its own."""

import base64
import hashlib


def hash_of(text: str) -> str:
    """How a Content-Security-Policy names a text."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
