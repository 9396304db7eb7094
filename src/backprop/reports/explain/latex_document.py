r"""A derivation as a LaTeX document that needs nothing but amsmath."""

from backprop.derivation import Derivation
from backprop.derivation.steps import SymbolicDerivation
from backprop.reports.explain.document import Document, Section
from backprop.reports.style import Style
from backprop.syntax.latex import latex_text

_HEAD = r"""\documentclass{article}
\usepackage{amsmath}
\usepackage[margin=2cm]{geometry}
\ifdefined\Umathcode\usepackage{fontspec}\else\usepackage[utf8]{inputenc}\usepackage[T1]{fontenc}\fi
% No blank between a function and its brackets: \tanh(x), not \tanh (x).
\let\leftbracket\left \let\rightbracket\right
\renewcommand{\left}{\mathopen{}\mathclose\bgroup\leftbracket}
\renewcommand{\right}{\aftergroup\egroup\rightbracket}
\setlength{\parindent}{0pt}
\begin{document}
\raggedright
"""

_MATHS, _DRAWS = "\\usepackage{amsmath}\n", "\\usepackage{tikz}\n"

_OTHERS = """% Names in other scripts than Latin and Greek need lualatex or xelatex, and a font that has them.
"""


def write(found: Derivation | SymbolicDerivation, style: Style, hide: bool) -> str:
    """A whole document, or its body: sections, an enumeration of the steps, formulas in display style."""
    page = _Latex(found, style, hide)
    body = "\n".join([rf"\section*{{{page.title}}}", *page.body])
    return body + "\n" if style.fragment else whole_document(body)


def whole_document(body: str) -> str:
    """A document with this body, in which pictures may stand."""
    head = _HEAD.replace(_MATHS, f"{_MATHS}{_DRAWS}") if r"\begin{tikzpicture}" in body else _HEAD
    return (head if body.isascii() else _OTHERS + head) + body + "\n\\end{document}\n"


class _Latex(Document):
    def words(self, text: str) -> str:
        return latex_text(text)

    def displayed(self, text: str) -> str:
        return rf"$\displaystyle {text}$"

    def note(self, text: str) -> str:
        return rf"\emph{{{self.words(text)}}}"

    def section(self, part: Section) -> list[str]:
        lines = ["", rf"\subsection*{{{part.heading}}}"]
        lines += [part.intro] if part.intro else []
        if part.lines:
            items = [rf"\item {line}" for line in part.lines]
            lines += [r"\begin{itemize}", *items, r"\end{itemize}"]
        for step in part.steps:
            rows = step.lines
            if step.head:
                rows = [step.head, *(rf"\quad {line}" for line in rows)]
            lines.append(rf"\par\medskip {step.number}.\enspace " + "\\\\[2pt]\n".join(rows))
        return lines
