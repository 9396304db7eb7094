"""Functions as other languages define them: `f = x -> x^2`, `f = lambda x: x^2`, `f = @(x) x^2`."""

import re

from backprop.errors import SyntaxFault, mend
from backprop.syntax.case import fault
from backprop.syntax.scanner import Tokens

_NAME = r"[^\W\d]\w*"
_ARROW = r"(?:[-=]>|→|↦|⟼|\\mapsto|\\to)"
_WORD = r"(?:lambda\b|λ|\\|fun\b|fn\b|function\b|@)"
_PARAMETERS = rf"\(\s*({_NAME}(?:\s*,\s*{_NAME})*)\s*\)"
_LIST = rf"(?:{_PARAMETERS}|({_NAME}(?:\s*,\s*{_NAME})*))"
_DEFINED = re.compile(
    rf"(?:def\s+|let\s+)?({_NAME})\s*(?::?=|:)\s*(?:{_WORD}\s*{_LIST}\s*(?:{_ARROW}|:|\.(?!\d))"
    rf"|(?:@|function\b)\s*{_PARAMETERS}|{_LIST}\s*{_ARROW})\s*(\S.*)"
)
_MAPPED = re.compile(rf"({_NAME})\s*{_PARAMETERS}\s*(?:[-]>|→|↦|⟼)\s*(\S.*)")
_COMPARED = re.compile(rf"({_NAME})\s*=\s*{_NAME}\s*=>")
_RETURN = re.compile(r"\{?\s*(?:return\b)?\s*(.*?)\s*\}?")
_LONGEST = 100


def function_elsewhere(tokens: Tokens) -> SyntaxFault | None:
    """The error for a whole statement that is such a function, with the equation for it; None for
    others. `y = x => 1` is one where the text calls `y(…)`, and else a comparison."""
    text = tokens.whole.text
    if len(text) > _LONGEST or "\n" in text:
        return None
    found = _DEFINED.fullmatch(text) or _MAPPED.fullmatch(text)
    if not found:
        return None
    name, *parameters, body = found.groups()
    called = rf"(?<!\w){re.escape(name)}\s*\("
    if _COMPARED.match(text) and not re.search(called, tokens.source.text):
        return None
    listed = ", ".join(re.findall(_NAME, next(filter(None, parameters))))
    inner = _RETURN.fullmatch(body)
    meant = f"{name}({listed}) = {inner[1] if inner else body}"
    return fault("a function is defined by an equation", tokens.whole, mend(meant))
