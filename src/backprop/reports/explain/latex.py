r"""A derivation as a LaTeX document that needs nothing but amsmath."""

from __future__ import annotations

from backprop.derivation import Derivation
from backprop.reports.explain.document import Line, document
from backprop.reports.explain.mathematics import latex, latex_part
from backprop.reports.numbers import Style
from backprop.syntax.latex import latex_name

_HEAD = r"""\documentclass{article}
\usepackage{amsmath}
\usepackage[margin=2cm]{geometry}
\ifdefined\Umathcode\usepackage{fontspec}\else\usepackage[utf8]{inputenc}\usepackage[T1]{fontenc}\fi
\setlength{\parindent}{0pt}
\begin{document}
\raggedright
"""

_OTHERS = """% Names in other scripts than Latin and Greek need lualatex or xelatex, and a font that has them.
"""

_SIGNS = {
    "\\": r"\textbackslash{}", "_": r"\_", "^": r"\textasciicircum{}", "&": r"\&", "%": r"\%", "#": r"\#",
    "$": r"\$",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "<": r"\ensuremath{<}", ">": r"\ensuremath{>}",
    "→": r"\ensuremath{\to}", "−": r"\ensuremath{-}", "∂": r"\ensuremath{\partial}",
    "·": r"\ensuremath{\cdot}",
    "…": r"\ldots{}",
}  # fmt: skip


def write(found: Derivation, style: Style, hide: bool) -> str:
    """A whole document: sections, an enumeration of the steps, formulas in display style."""
    whole = document(found, hide)
    lines = [rf"\section*{{{_math(whole.title, style.digits)}}}"]
    for section in whole.sections:
        lines += ["", rf"\subsection*{{{_words(section.heading)}}}"]
        if section.intro:
            lines.append(_words(section.intro))
        if section.lines:
            lines.append(r"\begin{itemize}")
            lines += [rf"\item {_math(line, style.digits)}" for line in section.lines]
            lines.append(r"\end{itemize}")
        for block in section.blocks:
            inner = [_math(line, style.digits) for line in block.lines]
            title = _math(block.title, style.digits) if block.title is not None else ""
            head = ", ".join(part for part in (title, _words(block.rule)) if part)
            notes = [rf"\emph{{{_words(note)}}}" for note in block.notes]
            rows = [head] if head else []
            rows += [rf"\quad {line}" if head else line for line in [*inner, *notes]]
            lines += [rf"\par\medskip {block.number}.\enspace " + "\\\\[2pt]\n".join(rows)]
    body = "\n".join(lines)
    return (_HEAD if body.isascii() else _OTHERS + _HEAD) + body + "\n\\end{document}\n"


def _math(line: Line, digits: int | None) -> str:
    part = f" ${latex_part(line.lead_part)}$" if line.lead_part is not None else ""
    lead = f"{_words(line.lead)}{part}: " if line.lead else ""
    return rf"{lead}$\displaystyle {latex(line, digits)}$"


def _words(text: str) -> str:
    return "".join(_SIGNS.get(sign) or _greek(sign) for sign in text)


def _greek(sign: str) -> str:
    """A Greek letter in a sentence as mathematics, which pdflatex knows."""
    found = latex_name(sign) if sign.isalpha() and not sign.isascii() else sign
    return rf"\ensuremath{{{found}}}" if found.startswith("\\") and "text" not in found else sign
