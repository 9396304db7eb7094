"""Options: what each is called, what it takes and what it means is declared once, for all its readers.

A field of a record, or a parameter of a command, is an option if its annotation says so; of a
command, also if its default is one:

    steps: Annotated[int, Option("--steps N", "The most steps.", 1000)]
    trace: bool = option("--trace", "Print each step.")

The command line (`cli/quick.py`, and `cli/app.py` with its help), the arguments of the library,
the check of their ranges and the README's tables are made of these.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache, wraps
from math import copysign, inf
from sys import float_info
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, get_args, get_type_hints

from backprop.errors import BackpropError, BadOption, raise_first
from backprop.names import unknown_choice
from backprop.numbers import either, shortened, shown
from backprop.source import normal

PathUse = Literal["", "equations", "read", "tables", "written", "new", "saved", "state", "folder"]
"""What is done with the file that an option names.

`equations`, `read` files and `tables` are read; a pattern names tables, too. `written` ones may be
there already, `new` ones only with `--force`. What is `saved` may take the place of the equations
that it was made of. A `state` is read and written. Into a `folder` its command writes what it has
checked itself.
"""


ENGINES = ("auto", "python", "native")
"""What computes a graph, as a person may ask for it."""

Offers = Literal[
    "",
    "names",
    "equations",
    "inputs",
    "settings",
    "bounds",
    "optimizers",
    "schedules",
    "examples",
    "pages",
]
"""What a shell offers as the value of an option, besides its choices. The first five are of the file
that stands on the command line."""


class Range(NamedTuple):
    """The finite numbers from `low` to `high`, whole ones only if `whole`. outside: an end that is none."""

    low: float = -inf
    high: float = inf
    whole: bool = False
    outside: float | None = None

    def has(self, number: float) -> bool:
        """Whether the number is one of these."""
        finite = (
            -float_info.max <= number <= float_info.max
        )  # a whole number of Python's may be beyond doubles
        within = finite and self.low <= number <= self.high and number != self.outside
        return within and not (self.whole and number != int(number))

    def __str__(self) -> str:
        kind = "a whole number " if self.whole else ""
        end = f"to {shown(self.high)}" if self.high < 1e300 else "on"
        less = f", less than {shown(self.high)}" if self.outside == self.high else ""
        return f"{kind}from {shown(self.low)} {end}{less}"


class Option(NamedTuple):
    """An option of the command line.

    form: its flags and what stands for its value, as in `-o, --output FILE`; without flags it is
    known by its place. help: what it means; `{optimizers}` and the like stand for the names in the
    table of that name. default: where it is not given; by itself nothing (None, False, no texts).
    min, max: of a whole number, inclusive, in Python too. choices: the texts that
    it takes; noun: what one of them is called. read: makes of what was written what is meant.
    takes: the numbers that it can be, in Python too; wrong: what is said of others. path: what is
    done with the file that it names; "" for what is no path. offers: what a shell completes it to.
    needs: names of options of which it says more, so that one of them has to be given too.
    alone: whether it may stand without its value, which is "" then. usual: the file that is written where
    none is named, unless a folder is.
    """

    form: str
    help: str
    default: Any = None
    min: int | None = None
    max: int | None = None
    choices: Collection[str] = ()
    noun: str = ""
    read: Callable[[Any], Any] | None = None
    takes: Range | None = None
    wrong: str = ""
    path: PathUse = ""
    offers: Offers | Collection[str] = ""
    needs: Sequence[str] = ()
    alone: bool = False
    usual: str = ""

    @property
    def flags(self) -> list[str]:
        """`-o` and `--output`."""
        return [word for word in self.form.replace(",", "").split() if word.startswith("-")]

    @property
    def metavar(self) -> str | None:
        """What stands for its value; None for a switch."""
        last = self.form.split()[-1]
        return None if last.startswith("-") else last

    def meant(self, written: Any) -> Any:
        """The value of what stands on a command line. Raises BadOption for what is no choice, or
        outside `min` and `max`."""
        value = self.read(written) if self.read else written
        self.check(value, written=written)
        return value

    def check(self, value: Any, noun: str = "", written: Any = None) -> None:
        """Raise BadOption for what is no choice, or no whole number from `min` to `max`; None is
        nothing given. noun: what messages call it, if not as the option says. written: as it was
        written, where that is something else."""
        if value is None or not (self.choices or self.min is not None):
            return
        flag = self.form.split()[0].strip(",")
        if self.choices and value not in self.choices:
            raise unknown_choice(
                noun or self.noun or flag.strip("-"), written or value, self.choices
            )
        if self.min is None:
            return
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise BadOption(f"{flag} takes a whole number, not {shortened(repr(value), 40)}")
        if value < self.min:
            raise BadOption(f"{flag} {value}: it is at least {self.min}")
        if self.max is not None and value > self.max:
            raise BadOption(f"{flag} {value}: it is at most {self.max}")

    def out_of_range(self, value: Any, hints: Iterable[str] = ()) -> BadOption | None:
        """The error for a number that it does not take; None for one that it takes, and for nothing given."""
        if self.takes is None or value is None or self.takes.has(value):
            return None
        kind = "a whole number" if self.takes.whole else "a number"
        wrong = self.wrong or f"{self.flags[0]} must be {kind}, 0 or more"
        if isinstance(value, int) and abs(value) > float_info.max:
            value = copysign(inf, value > 0 or -1)
        return BadOption(wrong.format(shown(value)), hints=hints)


option: Callable[..., Any] = Option
"""An Option as the default of a parameter, whose type is not what a type checker should look at."""


class Field(NamedTuple):
    """An option and where it is declared. kind: bool, int, float or str, or list: of texts, repeatable."""

    name: str
    kind: type
    default: Any
    option: Option


@cache
def _declared(owner: Any) -> dict[str, tuple[Any, Option | None]]:
    """The types of the fields of a record, or of the parameters of a command, with their options."""
    found = {}
    defaults = getattr(owner, "__kwdefaults__", None) or {}
    for name, hint in get_type_hints(owner, include_extras=True).items():
        if name != "return":
            own = hasattr(hint, "__metadata__")
            option = hint.__metadata__[0] if own else defaults.get(name)
            found[name] = (hint.__origin__ if own else hint, option)
    return found


@cache
def fields(owner: Any) -> list[Field]:
    """The options that a record or a command has, in order; those of a command's records among them."""
    found: list[Field] = []
    for name, (hint, option) in _declared(owner).items():
        if option is None:
            found += fields(hint)
            continue
        kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        kind = next((each for each in kinds if each in (bool, int, float, str)), list)
        default = getattr(owner, "_field_defaults", {}).get(name, option.default)
        if not default:
            default = {bool: False, list: []}.get(kind, default)
        found.append(Field(name, kind, default, option))
    return found


def by_name(owner: Any, name: str) -> Option:
    """One of them."""
    return next(each.option for each in fields(owner) if each.name == name)


def call(owner: Callable[..., Any], written: Mapping[str, Any]) -> Any:
    """Call a command with what a command line has for each of its `fields`. Raises BadOption for
    everything on it that makes no sense."""
    known, wrong = {each.name: each for each in fields(owner)}, list[BackpropError]()
    arguments = _arguments(owner, written, wrong)
    for name, _, default, option in known.values():
        if option.needs and written[name] != default and not any(map(written.get, option.needs)):
            others = [known[each].option for each in option.needs]
            which = either(each.flags[-1] for each in others)
            message = f"{option.flags[-1]} is of {which}, and none is asked for"
            wrong.append(BadOption(message, hints=[f"add {others[0].form}"]))
    raise_first(wrong)
    return owner(**arguments)


def _arguments(
    owner: Any, written: Mapping[str, Any], wrong: list[BackpropError]
) -> dict[str, Any]:
    """The arguments of a command, or the fields of a record; None for what is wrong."""
    found = dict[str, Any]()
    for name, (hint, option) in _declared(owner).items():
        try:
            if option is None:
                found[name] = hint(**_arguments(hint, written, wrong))
            else:
                found[name] = option.meant(written[name])
        except BackpropError as error:
            wrong += error.all
            found[name] = None
    return found


def names(texts: str | Sequence[str]) -> list[str]:
    """`--of "L, M" --of N` as names, in normal form C; `w[1, *]` is one of them. Raises TypeError for what
    is no text, and holds none."""
    if not isinstance(texts, str):
        texts = [*texts] if isinstance(texts, Iterable) else [texts]
        if odd := [each for each in texts if not isinstance(each, str)]:
            raise TypeError(f"a name is a text, not {odd[0]!r:.60}")
    joined = normal(texts if isinstance(texts, str) else ",".join(texts))
    found = re.findall(r"[^\s,\[\]]+(?:\s*\[[^][]*\])?|\S", joined.replace("\n", " "))
    return [re.sub(r"\s+", "", each) for each in found if each != ","]


def names_by(wrt: str | Sequence[str] | None) -> list[str]:
    """As `names`, of an argument of the library: None, its default, is all. Raises BadOption where it is
    given and has no name: a program that asks for none of many means another thing than all."""
    found = [] if wrt is None else names(wrt)
    if wrt is not None and not found:
        hints = ["name what derivatives are by, or leave it out for all inputs"]
        raise BadOption("wrt is empty: there is nothing to derive by", hints=hints)
    return found


def names_of(flag: str) -> Callable[[Sequence[str]], list[str]]:
    """How an option of names is read. Raises BadOption where what is given has none: a variable of the
    shell that is not set means another thing than all."""

    def read(texts: Sequence[str]) -> list[str]:
        found = names(texts)
        if texts and not found:
            raise BadOption(f"{flag} is empty", hints=[f"name some, or leave {flag} out"])
        return found

    return read


def names_option(flag: str, help: str, offers: Offers = "names") -> Any:
    """An option that takes names, written with commas or one by one."""
    return Option(f"{flag} NAMES", help, read=names_of(flag), offers=offers)


def all_option(help: str) -> Any:
    """The option --all: what is large is otherwise cut, folded or refused."""
    return Option("--all", help)


def force_option(flag: str) -> Any:
    """The option --force, without which what another option writes replaces no file."""
    return Option("--force", f"Let {flag} overwrite what exists.")


def detail_option(default: str | None) -> Option:
    """The option --detail; None: it goes by the size of what is shown."""
    help = "equations, each as a whole, or operations."
    by_size = "" if default else " Default: by size."
    return Option("--detail NAME", help + by_size, default, choices=("equations", "operations"))


def default_of(kind: Any) -> Any:
    """What an argument of the library is where it is not given: the default of its option."""
    return declared(kind).default


def declared(kind: Any) -> Option:
    """The option of an annotated type."""
    found: Option = kind.__metadata__[0]
    return found


# fmt: off
EngineName = Annotated[str, Option(
    "--engine NAME", f"What computes: {either(ENGINES)}; native is machine code, auto the faster one.",
    "auto", choices=ENGINES, noun="engine",
)]
Seed = Annotated[int, Option(
    "--seed N", "Which random numbers ~ draws, and which points check tries.", 0,
)]
MaxNodes = Annotated[int, Option("--max-nodes N", "The most values to unroll to.", 10_000_000, min=1)]

Detail = Annotated[str, detail_option("equations")]
DetailBySize = Annotated[str | None, detail_option(None)]
StepsOf = Annotated[str, Option(
    "--steps-of NAME", "forward, backward or both.", "both",
    choices=("forward", "backward", "both"), noun="part",
)]
Pass = Annotated[str, Option(
    "--pass NAME", "forward: data only; backward: gradients too.", "backward",
    choices=("forward", "backward"),
)]
JacobianMode = Annotated[str | None, Option(
    "--mode NAME", "forward or reverse. Default: what takes fewer sweeps.",
    choices=("forward", "reverse"),
)]
DerivativeOrder = Annotated[int, Option(
    "--order N", "The derivatives along --along up to this one.", 1, min=1, max=10, needs=("along",),
)]
DiffOrder = Annotated[int, Option("--order N", "How often; by itself once.", 1, min=1, max=10)]
DiffShape = Annotated[str | None, Option(
    "--shape nested|steps",
    "One closed formula each, or step by step. Default: nested where every formula is short.",
    choices=("nested", "steps"),
)]
Direction = Annotated[str | None, Option(
    "--direction LR|TB", "From left to right, or from the top."
    " Default: LR where that fits a slide (16:9); the other way where that fits better.",
    choices=("LR", "TB"), read=lambda text: text and text.upper(),
)]
Depth = Annotated[int, Option("--depth N", "How many equations around --focus.", 1, min=0, needs=("focus",))]
# fmt: on


def digits_option(default: str) -> Option:
    """The option --digits; a picture has another default than a table."""
    return Option("--digits N", f"Significant digits. Default: {default}.", min=1, max=17)


PictureDigits = Annotated[int | None, digits_option("four decimals")]
StepSeconds = Annotated[float, Option(
    "--interval SECONDS", "How long a step of --animate stands.", 1.0, takes=Range(0.05, 3600),
    wrong="--interval is {}; it must be from 0.05 to 3600 seconds", needs=("animate",),
)]  # fmt: skip

Taking = TypeVar("Taking", bound=Callable[..., Any])


def documented(method: Taking) -> Taking:
    """A method with its options and their defaults in its help. What it is given for those that it
    names one by one is looked at before it runs. Raises BadOption."""
    from inspect import cleandoc  # in the library only

    hints = dict[str, Any]()
    for name, kind in method.__annotations__.items():
        home, _, last = kind.rpartition(".")
        spaces = vars(method.__globals__[home]) if home.isidentifier() else method.__globals__
        hints[name] = spaces.get(last)
    own = {name: hint.__metadata__[0] for name, hint in hints.items() if get_args(hint)}
    defaults = method.__kwdefaults__ or {}
    rows = [(name, defaults[name], option) for name, option in own.items()]
    if "options" in hints:
        record = method.__globals__[method.__annotations__["options"][len("Unpack[") : -1]]
        rows = [(name, default, option) for name, _, default, option in fields(record)]
    lines = ["", "Options:", ""]
    for name, default, option in rows:
        help = re.sub(r"\{(\w+)\}", lambda table: f"one of {table[1].upper()}", option.help)
        lines.append(f"    {name} = {default!r}: {help}")
    method.__doc__ = "\n".join([cleandoc(method.__doc__ or ""), *lines])

    @wraps(method)
    def looking(*given: Any, **named: Any) -> Any:
        for name in own.keys() & named.keys():
            own[name].check(named[name], name)
        return method(*given, **named)

    return looking  # type: ignore[return-value]
