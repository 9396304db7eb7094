"""What `backprop diff` does: equations in, a report of formulas out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from backprop.algebra.formula import TooLong
from backprop.errors import BadOption, TooLarge
from backprop.inputs import Inputs, say
from backprop.language import Model
from backprop.names import is_pattern, meant
from backprop.numbers import exact
from backprop.report.derivative_report import DerivativeReport, Equation
from backprop.source import one_line
from backprop.symbolic.asked import SHORT, Asked, short
from backprop.symbolic.gradient import Derived
from backprop.syntax.parser import read

_NAMES = re.compile(r"[^\W\d]\w*")


def named(text: str) -> str:
    """An expression as an equation; what is one already stays."""
    if re.search(r"(?<![<>=!])=(?!=)|~", text):
        return text
    used = {*_NAMES.findall(text)}
    name = next(each for each in ("y", "f", "u", "y_", "f_", "u_", "y__") if each not in used)
    return f"{name} = {text}"


def diff(
    inputs: Inputs,
    wrt: Sequence[str] = (),
    order: int = 1,
    shape: str | None = None,
    textbook: bool = False,
    alone: bool = False,
) -> DerivativeReport:
    """The derivatives of the outputs that are asked for (of the only one, if none is) as formulas.

    wrt, order: by these names, so often. shape: `nested`, `steps`, or what fits. textbook: slopes as
    in a textbook. alone: the answer has nothing but the formulas.
    """
    model, numbers = inputs.given()
    for each in inputs.of:
        if not is_pattern(each):
            model.output(each)  # which says of a family what to choose
    outputs = model.meant_outputs(inputs.of) or [model.output(None)]
    names = meant(wrt, model.names, "these equations")
    asked = Asked(model, outputs, names, order, textbook, alone)
    for of in outputs:
        if not asked.names(of) or asked.names(of) == [of]:
            raise BadOption(
                f"{of} has no inputs to be derived by", hints=["name what is to be: --wrt a"]
            )
    found, shape = _shaped(asked, shape)
    if (
        alone
        and "if(" not in model.source.text
        and any("if(" in str(each.formula) for each in found)
    ):
        asked.textbook = True  # what the table cares for at single points is no answer to read
        found, shape = _shaped(asked, shape)
    equations = [Equation(each.name, each.formula.text(), each.of, each.wrt) for each in found]
    if alone and len(equations) > 1 and shape == "nested":
        equations = [
            each._replace(name="d_d" + "_d".join(each.wrt)) if order == 1 else each
            for each in equations
        ]
    several = any(len(asked.names(of)) > 1 for of in outputs)
    given = [] if alone else _given(model, found, numbers)
    own = [new.name for new, each in zip(equations, found, strict=True) if each.asked]
    return DerivativeReport(
        outputs, given, equations, own, shape, alone, False, several, warnings=model.warnings
    )


def _shaped(asked: Asked, shape: str | None) -> tuple[list[Derived], str]:
    """The derivatives, and in which shape they are. Raises TooLarge."""
    if shape != "steps":
        try:
            found = asked.nested()
        except TooLong:
            found = None
        if found is not None and (shape or short(found)):
            return found, "nested"
        if shape == "nested":
            message = "a formula is too long to be written as a whole"
            raise TooLarge(message, hints=["write it step by step: --shape steps"])
        say(f"step by step: a formula would have over {SHORT} characters (--shape nested|steps)")
    return asked.steps(), "steps"


def _given(model: Model, found: Sequence[Derived], numbers: Mapping[str, float]) -> list[str]:
    """The statements of the inputs that formulas use, as the file has them, and of what these use."""
    statements, _ = read(model.source)
    used = {name.partition("[")[0] for each in found for name in each.formula.names}
    inputs = {name.partition("[")[0] for name in model.inputs} | {*model.fixed}
    own = {each.name for each in found}
    wanted = {name for name in used if name in inputs and name not in own}
    lines: dict[int, str] = {}
    waiting = [*wanted]
    while waiting:
        name = waiting.pop()
        for tokens, shape in statements:
            if shape.form in ("function", "goal") or name not in _targets(tokens.texts, shape):
                continue
            if tokens.starts[0] not in lines:
                lines[tokens.starts[0]] = one_line(tokens.whole.text)
                waiting += [
                    word
                    for word, kind in zip(tokens.texts, tokens.kinds, strict=True)
                    if kind == "NAME" and word in inputs and word != name
                ]
    settings = [f"{name} = {exact(number)}" for name, number in numbers.items()
                if name.partition("[")[0] in wanted]  # fmt: skip
    replaced = {name for name in numbers if "[" not in name}
    return [
        *(text for at, text in sorted(lines.items()) if not _sets(text, replaced)),
        *settings,
    ]


def _targets(texts: Sequence[str], shape: object) -> set[str]:
    form = getattr(shape, "form", "")
    if form == "declaration":
        return {texts[node.token] for node in getattr(shape, "nodes", ())}
    return {texts[getattr(shape, "target", 0)]}


def _sets(text: str, names: set[str]) -> bool:
    """Whether a statement gives one of some names its number."""
    found = re.match(r"(?:const\s+)?([^\W\d]\w*'*)\s*=", text)
    return found is not None and found[1] in names
