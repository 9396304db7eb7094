"""Derivatives that a person claims: `da = 6`, `b: -4`, `dL/da = dL/de*b = 6`, a file of such lines."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import isfinite, isnan, nan

from backprop.checks.beyond import literals
from backprop.checks.beyond import rounding as rounding_of
from backprop.checks.differentials import HOW, NAME, Derivative, left_side, named, signs, within
from backprop.checks.sheets import unmarked
from backprop.checks.slopes import Slope, Slopes
from backprop.errors import (
    LIMIT,
    BackpropError,
    SyntaxFault,
    UnexpectedText,
    UnknownName,
    defined_twice,
    mend,
    raise_first,
)
from backprop.files import read_source, typed
from backprop.graph import Graph
from backprop.language import Model
from backprop.language.formula_reader import FormulaReader
from backprop.language.integers import beyond_range
from backprop.language.links import uncertainty
from backprop.language.named_steps import with_steps
from backprop.names import unknown_name
from backprop.numbers import Wide
from backprop.source import LINE_END, Source, Span, normal, one_line
from backprop.syntax.scanner import LIST_ENDS, Tokens, control_characters, statements

_PATH = re.compile(rf"{NAME}(?:(?:→|->){NAME})+(?=:)")
_SHARE = re.compile(r"share (?:by use ([1-9]\d{0,5}) )?of ")
_EQUALS = frozenset(("==", "≈", "≃", "≅", "≐"))
_BLANK = re.compile(r"__+|[?…]")
_BEGINS = re.compile(rf"(?:n+\?n+|nn+)?∂?{NAME}(?:/∂?{NAME}|(?:(?:→|->){NAME})+)?[=:]")
"""How a claim begins, among signs: a derivative, a share of one, or a path."""


@dataclass(frozen=True)
class Claim:
    """The derivative of `of` by `by` is the output of `graph`: a number, or a formula of names.

    The graphs of all claims that are read at once share their columns, which begin as the model's.
    text: what stands on the right. place: where it stands. rounding: by how much the number may be
    off because of the digits that it was written with; 0 for one that is exact. formula: whether it
    has names in it, so that it says something about other points too. slopes: the derivatives in
    formulas, by the inputs that stand for them. model: has the names that all claims use.
    """

    of: str
    by: str
    text: str
    graph: Graph
    place: Span
    slopes: Mapping[int, Slope] = field(compare=False, repr=False)
    model: Model = field(compare=False, repr=False)
    rounding: float = 0.0
    formula: bool = False
    doubt: str = ""
    """How the left side was read, where it could be the derivative by the name behind its d as well."""
    other: Graph | None = None
    """Another way to read the formula: its derivatives are those of single equations."""
    part: str = ""
    """Which part of it the claim is about: `share of ∂L/∂a`, or a path `a → e → L`; "": the whole."""
    truth: int = -1
    """The node whose number is this part; -1 for the whole derivative."""
    through: int = -1
    """The equation that this part comes through; -1 where it is none of one equation."""
    blank: bool = False
    """Whether it says that the answer is still to be found."""
    wide: Mapping[int, Wide] = field(default_factory=dict, compare=False, repr=False)
    """The numbers in it that no double holds, by the inputs that stand for them."""
    refused: BackpropError | None = field(default=None, compare=False, repr=False)
    """The error for these, where no derivative is such a number."""

    def is_as_written(self, claimed: float, right: float, tolerance: float = 0.0) -> bool:
        """Whether a number is another one as far as this claim is written out. tolerance: how far it may
        be off, relative."""
        if claimed == right or (isnan(claimed) and isnan(right)):
            return True
        if not (isfinite(claimed) and isfinite(right)):
            return False
        part = (1e-7 if self.formula else 1e-9) * max(abs(claimed), abs(right))
        rounding = self.rounding * (1 + 1e-9)
        return abs(claimed - right) <= max(part, rounding, tolerance * abs(right))

    @property
    def readings(self) -> list["Claim"]:
        """The claim in each way in which it can be read."""
        return [self, *([replace(self, graph=self.other)] if self.other else [])]

    @property
    def roots(self) -> list[int]:
        """The nodes that it is about besides names: what is claimed, in each reading, and its part."""
        others = [self.other.output] if self.other else []
        return [self.graph.output, *others, *([self.truth] if self.truth >= 0 else [])]

    @property
    def name(self) -> str:
        return self.part or f"∂{self.of}/∂{self.by}"


def read_claims(
    model: Model, output: str, texts: Sequence[str] = (), files: Sequence[str] = ()
) -> list[Claim]:
    """The claims of texts such as `da = 6, b: -4` and of files of such lines.

    A name alone, or with a `d` or `∂` before it, stands for the derivative of `output` by it. A
    name of the file that begins with d is itself, unless it stands in a fraction, where each side
    begins with a d of its own: `dL/ddt`. Each link of a chain `a = b = 3` is a claim. Where one has
    a name that `explain --detail operations` gives an operation, all are claims about operations:
    `∂L/∂v1`. Raises SyntaxFaults, UnknownName, NameDefinedTwice, CannotRead.
    """
    sheets = [unmarked(read_source(path, "a claim itself goes after --claim")) for path in files]
    sources = [unmarked(typed(text, "--claim")) for text in texts] + sheets
    reader = _Reader(with_steps(model, output, (each.text for each in sources)), output)
    claims: list[Claim] = []
    first: dict[tuple[str, str], Claim] = {}
    errors: list[BackpropError] = []
    for source in sources:
        faults = control_characters(source)
        errors += faults
        for tokens in () if faults else _statements(source, source in sheets):
            if len(errors) > LIMIT:
                break
            try:
                if isinstance(tokens, BackpropError):
                    raise tokens
                chain = reader.chain(tokens)
            except BackpropError as error:
                errors += error.all
                continue
            claims += chain
            claim = chain[0]
            before = claim if claim.part else first.setdefault((claim.of, claim.by), claim)
            if before is not claim:
                message = f"the derivative of {claim.of} by {claim.by} is claimed twice"
                hints = [each.doubt for each in (before, claim) if each.doubt]
                errors.append(defined_twice(message, claim.place, before.place, *hints))
    if sources and not claims and not errors:
        where = sources[0].name
        raise UnexpectedText("there is no claim in this text", where=where, hints=[HOW])
    raise_first(errors)  # in the order of the texts, and not by offset as within a single one
    return claims


def _statements(source: Source, sheet: bool) -> Iterator[Tokens | SyntaxFault]:
    """The statements of a text. Where a line ends in `=` and the next one begins like a claim, each
    is one; of a sheet the first is unanswered."""
    for tokens in statements(source, LIST_ENDS):
        if not isinstance(tokens, Tokens):
            yield tokens
            continue
        text, begin = signs(tokens), 0
        for at in range(1, len(text)):
            between = source.text[tokens.ends[at - 1] : tokens.starts[at]]
            if text[at - 1] == "=" and LINE_END.search(between) and _BEGINS.match(text, at):
                yield _answered(tokens.since(begin, at), sheet)
                begin = at
        yield _answered(tokens.since(begin), sheet)


def _answered(tokens: Tokens, sheet: bool) -> Tokens:
    """A statement of a sheet with `?` for an answer that is left out."""
    if not (
        sheet and tokens.kinds[-1] == "ASSIGN" and tokens.kinds[-2:-1] not in ((), ("ASSIGN",))
    ):
        return tokens
    end = tokens.ends[-1:]
    return Tokens(
        tokens.source,
        (*tokens.kinds, ""),
        [*tokens.texts, "?"],
        tokens.starts + end,
        tokens.ends + end,
    )


class _Reader:
    """Reads the claims of one sheet."""

    def __init__(self, model: Model, output: str) -> None:
        self._model = model
        self._output = output
        self._formulas = FormulaReader(model)
        self._slopes = Slopes(self._formulas.columns)

    def chain(self, tokens: Tokens) -> list[Claim]:
        """The claims of a statement, one for each of its links."""
        if tokens.kinds[:1] == ("NUMBER",):
            from backprop.syntax.pasted import comma_in_number  # for a mistake only

            if comma := comma_in_number(tokens.span(0)):
                raise comma
        path, share, begin = _lead(tokens)
        if path:
            return self._path(tokens, path, begin)
        whole, tokens = tokens.whole, tokens.since(begin)
        middle = next((at for at, sign in enumerate(signs(tokens)) if sign in "=:"), -1)
        if middle < 0:
            other = next((at for at, sign in enumerate(tokens.texts) if sign in _EQUALS), -1)
            place, hint = (tokens.span(other), mend("=")) if other > 0 else (whole, HOW)
            raise UnexpectedText("this is no claim: it has no '='", place, hints=[hint])
        if middle == 0:
            raise UnexpectedText("a name is missing here", tokens.span(0), hints=[HOW])
        left = left_side(self._model, self._output, tokens.since(0, middle))
        links = _links(tokens, middle)
        for link in links:
            self._refuse_differentials(left, link)
        doubt, bare = "", left.by[1:]
        # `dt` for t has by == "t"; only a name that was taken as it stands can be in doubt
        alone = middle == 1 and normal(tokens.texts[0]) == left.by and left.by[0] == "d"
        if alone and bare in self._model.names:
            doubt = f"{left.by!r} is read as the name {left.by};"
            doubt += f" for the derivative by {bare} write d{left.of}/d{bare}"
        found = [[*within(self._model, link)] for link in links]
        truth, node = -1, -1
        if share is not None:
            through = self._through(left, [each for link in found for each in link], tokens.whole)
            own = self._slope(through, left.by)._replace(direct=True, use=share)
            truth = self._slopes.product(self._slope(left.of, through), own)
            node = -1 if share else self._model.names[through]
        use = f" by use {share}" if share else ""
        part = "" if share is None else f"share{use} of ∂{left.of}/∂{left.by}"
        return [
            replace(self._claim(left, link, inside, whole, part, truth, doubt), through=node)
            for link, inside in zip(links, found, strict=True)
        ]

    def _path(self, tokens: Tokens, path: Sequence[str], begin: int) -> list[Claim]:
        """The claims about what a way from a name to another brings: the product of the derivatives
        of the equations along it."""
        for name in path:
            if name not in self._model.names:
                place = tokens.span(0, begin - 2)
                raise unknown_name(name, self._model.names, "these equations", place)
        ends, way = Derivative(path[-1], path[0]), " → ".join(path)
        links = _links(tokens, begin - 1)
        edges = [self._slope(of, by)._replace(direct=True) for by, of in pairwise(path)]
        truth = self._slopes.product(*edges)
        found = [[*within(self._model, link)] for link in links]
        return [
            self._claim(ends, link, inside, tokens.whole, way, truth, along=True)
            for link, inside in zip(links, found, strict=True)
        ]

    def _refuse_differentials(self, left: Derivative, link: Tokens) -> None:
        """Raise UnknownName for `dx` in a formula, where x is a name of the file and dx is none."""
        names, text = self._model.names, signs(link)
        for at, word in enumerate(link.texts):
            alone = text[at] == "n" and "/" not in text[max(at - 1, 0) : at + 2]
            if link.kinds[max(at - 1, 0)] in ("NUMBER", "RPAR", "RSQB"):
                continue  # of `6 db = 3`: a separator is missing
            if alone and word[0] == "d" and word not in names and word[1:] in names:
                message = f"there is no {word!r} in these equations"
                hints = [
                    f"for the derivative of {left.of} by {word[1:]} write ∂{left.of}/∂{word[1:]}"
                ]
                raise UnknownName(message, link.span(at), hints=hints)

    def _slope(self, of: str, by: str) -> Slope:
        return Slope(self._model.names[of], self._model.names[by])

    def _through(self, left: Derivative, found: Iterable[Derivative], place: Span) -> str:
        """The equation that a share of a derivative comes through: e of `∂L/∂e · ∂e/∂a`."""
        for each in found:
            if each.by == left.by and each.of != left.of:
                return each.of
            if each.of == left.of and each.by != left.by:
                return each.by
        of, by = (self._model.names[name] for name in left[:2])
        if by not in self._model.graph(left.of).uses(of):
            message = "through which equation does this share come?"
            derivatives = f"share of {left.text}: ∂{left.of}/∂e · ∂e/∂{left.by} = …"
            hints = [f"write its derivatives: {derivatives}"]
            raise UnexpectedText(message, place, hints=hints)
        return left.of

    def _claim(
        self,
        left: Derivative,
        link: Tokens,
        inside: Sequence[Derivative],
        place: Span,
        part: str,
        truth: int,
        doubt: str = "",
        along: bool = False,
    ) -> Claim:
        """The claim that one link makes. inside: the derivatives in it, along a path those of single
        equations."""
        model, columns = self._model, self._formulas.columns
        text = one_line(link.whole.text)
        if self._is_blank(link):
            nothing = Graph(columns, [model.names[left.by]], model.labels)
            return Claim(
                *left[:2], text, nothing, place, {}, model, part=part, truth=truth, blank=True
            )
        for each in reversed(inside):
            link = link.with_name(each.text, each.first, each.behind)
        found = [] if inside or not model.names.keys().isdisjoint(link.texts) else literals(link)
        wide = {columns.input(): number for _, number in found}
        also = {link.texts[at]: node for (at, _), node in zip(found, wide, strict=True)}
        total = {each.text: self._slope(each.of, each.by) for each in inside}
        kept = () if along else (model.names[left.of],)
        local = {
            text: slope if slope.of in kept else slope._replace(direct=True)
            for text, slope in total.items()
        }
        readings = [local] if along else [total, local] if local != total else [total]
        named = link
        for at, _ in found:
            named = named.with_name(named.texts[at], at, at + 1)
        graphs = [self._read(named, reading, also) for reading in readings]
        formula = bool(inside) or any(node in model.labels for node in graphs[0].order)
        rounding = rounding_of(link) if wide else 0.0
        if not formula and not wide:
            rounding = uncertainty(columns, graphs[0].output, link.source)
        other = graphs[1] if len(graphs) > 1 else None
        return Claim(
            *left[:2], text, graphs[0], place, self._slopes.by_node, model, rounding, formula,
            doubt, other, part, truth, wide=wide, refused=beyond_range(link, found[0][0]) if found else None,
        )  # fmt: skip

    def _read(self, link: Tokens, reading: Mapping[str, Slope], also: Mapping[str, int]) -> Graph:
        """The formula of a link, with these derivatives. also: the inputs of what else is in it."""
        nodes = {text: self._slopes.node(slope) for text, slope in reading.items()} | {**also}
        if "nan" in link.texts and "nan" not in self._model.names:  # as `explain` has it
            nodes["nan"] = self._formulas.columns.number(nan)
        root = self._formulas.read(link.as_right_side(), nodes)
        return Graph(self._formulas.columns, [root], self._model.labels)

    def _is_blank(self, link: Tokens) -> bool:
        """Whether an answer is missing: `____`, `?`, `…`."""
        if "RANGE" in link.kinds and "IN" not in link.kinds:  # the first two points of three
            return True
        return any(_BLANK.fullmatch(text) and text not in self._model.names for text in link.texts)


def _lead(tokens: Tokens) -> tuple[list[str], int | None, int]:
    """What stands before a claim: the names of a path `a → e → L:`; whether it is a share, by which
    use (0 for all); and the first token behind it. A name `together` may stand there as well."""
    texts, text = tokens.texts, signs(tokens)
    if found := _PATH.match(text):
        names = [named(tokens, *each.span()) for each in re.finditer(NAME, found[0])]
        return names, None, found.end() + 1
    if texts[0] == "share" and (found := _SHARE.match(" ".join(texts[:6]))):
        return [], int(found[1] or 0), found[0].count(" ")
    together = texts[0] == "together" and text[1:2] == ":" and "=" in text[2:]
    return [], None, 2 if together else 0


def _links(tokens: Tokens, middle: int) -> list[Tokens]:
    """What stands between the equality signs from the token `middle` on, which is the first of them."""
    links = tokens.since(middle + 1).sides()
    at = middle + 1
    for link in links:
        if not link.kinds:
            place = tokens.span(at) if at < len(tokens.kinds) else tokens.after()
            raise UnexpectedText("a number or a formula is missing here", place, hints=[HOW])
        at += len(link.kinds) + 1
    return links
