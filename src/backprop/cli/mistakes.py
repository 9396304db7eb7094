"""What a command line that cannot be read was meant to be.

Typer finds that a line is wrong; here it is said where, and how to write it.
"""

import os
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from backprop.cli import other_words
from backprop.cli.expressions import is_expression, named
from backprop.cli.help import COMMANDS, TAKING_EXPRESSIONS, TAKING_LINES
from backprop.descent.optimizers import OPTIMIZERS
from backprop.errors import BackpropError, BadOption, Label
from backprop.files import is_table, read_source
from backprop.inputs import default_file
from backprop.names import did_you_mean, nearest
from backprop.options import Field, fields
from backprop.source import Source, Span

_SIGNS = ",;=+-*/^<>·×÷−"
_JOINED = re.compile(rf"[{re.escape(_SIGNS)}(\[]\s*$")
_JOINS = re.compile(rf"^\s*[{re.escape(_SIGNS)})\]]")
_NONE_SUCH = re.compile(r"--[^\W\d]|-[^\W\d] [-+]?[.\d]")
_LETTER = re.compile(r"-[^\W\d]")
_OF_NUMBERS = ("--set", "--along", "--times", "--bounds")
_NUMBER = re.compile(r"[-+]?(?:\d|\.\d)[^,;=]*")
_NAME = re.compile(r"[^\W\d]\w*(?:\[[^\]]*\])?,?")
_SETTING = re.compile(r"\s*[^\W\d]\w*(?:\[[^\]]*\])?\s*(?:=|<-|←)")


class _WithText(NamedTuple):
    """An option with a text, and the words behind it that belong to no option. at: of the option's
    word; last: of the word that it takes."""

    field: Field
    at: int
    last: int
    more: list[int]


def explained(
    words: Sequence[str], said: str, command: Callable[[str], Callable[..., None]]
) -> BackpropError:
    """The error for a command line of which Typer says that something is wrong with it.

    words: those behind `backprop`; said: Typer's message; command: gives the function of a command.
    """
    if not words or words[0] not in COMMANDS:
        return _no_command(words, said, command)
    own = fields(command(words[0]))
    found = _unquoted(words, own) or _unknown(words, own, command) or _too_many(words, own)
    if found is not None:
        return found
    message = re.sub(r"^Option (.*) requires an argument\.$", r"\1 needs a value behind it", said)
    message = re.sub(r"'(--?[\w-]+)'", r"\1", message).rstrip(".")
    return BadOption(message[:1].lower() + message[1:], hints=[_help(words)])


def misread(words: Sequence[str], own: Sequence[Field]) -> BadOption | None:
    """The error for a line whose words could be read, but not as what they were meant to be; None
    for one that has none of these. own: the options of its command."""
    return _unquoted(words, own) or _no_file(words, own)


def _unquoted(words: Sequence[str], own: Sequence[Field]) -> BadOption | None:
    """The error for a text with blanks that is not in quotes, such as --set x = 3; None for a line
    that has none. own: the options of its command."""
    for text in _texts(words, own):
        more = [*text.more]
        while more and os.path.exists(words[more[-1]]):
            more.pop()
        listed = text.field.option.metavar == "NAMES" and all(
            _NAME.fullmatch(words[each]) for each in (text.last, *more)
        )
        if not more or not (_is_one(words, text.last, more) or listed):
            continue
        flag, equals, value = (
            words[text.at].partition("=")
            if text.at == text.last
            else (words[text.at], "", words[text.last])
        )
        name = text.field.option.flags[-1]
        glue = {"--expr": "; "}.get(name, ", ")
        whole = value
        for each in more:
            joins = (
                _JOINED.search(whole)
                or _JOINS.match(words[each])
                or not (listed or _SETTING.match(words[each]))
            )
            whole += (" " if joins else glue) + words[each]
        mended = [*words[: text.at], *([f"{flag}={whole}"] if equals else [flag, whole])]
        mended += [word for at, word in enumerate(words) if at > text.last and at not in more]
        further = _unquoted(mended, own)  # all of the line at once
        return BadOption(
            f"the text after {flag} has blanks in it and is not in quotes",
            Label(_span(words, text.last, more[-1])),
            hints=further.hints if further else [f"write {_line(mended)}"],
        )
    return None


def _is_one(words: Sequence[str], last: int, more: Sequence[int]) -> bool:
    """Whether words that follow one another belong to the text in front of them."""
    text = words[last]
    return all(at == last + 1 + n for n, at in enumerate(more)) and bool(
        _JOINED.search(text)
        or _JOINS.match(words[more[0]])
        or text.count("(") > text.count(")")
        or text.count("[") > text.count("]")
        or (_SETTING.match(text) and _SETTING.match(words[more[0]]))
    )


def _texts(words: Sequence[str], own: Sequence[Field]) -> list[_WithText]:
    """The options with a text, and what stands behind each until the next option."""
    found: list[_WithText] = []
    current = None
    for at, field, last in _read(words, own):
        if field is not None:
            current = None
            if field.option.metavar in ("TEXT", "NAMES", "NAME") and last < len(words):
                current = _WithText(field, at, last, [])
                found.append(current)
        elif _NONE_SUCH.match(" ".join(words[at : at + 2])) or (
            current and _LETTER.fullmatch(words[at]) and _is_whole(words, current)
        ):  # an option that there is not
            current = None
        elif current is not None:
            current.more.append(at)
    return found


def _is_whole(words: Sequence[str], text: _WithText) -> bool:
    """Whether a text cannot go on with a minus and a letter: one of numbers, and one in quotes."""
    return text.field.option.flags[-1] in _OF_NUMBERS or " " in words[text.last]


def _read(words: Sequence[str], own: Sequence[Field]) -> Iterator[tuple[int, Field | None, int]]:
    """Where each word stands that is an option, or neither that nor a value of one; the option; and
    where the last word of it stands."""
    at = 1
    while at < len(words):
        field = _field(words[at], own)
        has_value = "=" in words[at] if words[at].startswith("--") else len(words[at]) > 2
        takes_next = field is not None and field.kind is not bool and not has_value
        yield at, field, at + takes_next
        at += 1 + takes_next


def _field(word: str, own: Iterable[Field]) -> Field | None:
    """The option that a word is, with a value in it or without."""
    flag = word.partition("=")[0] if word.startswith("--") else word[:2]
    return next((each for each in own if flag in each.option.flags), None)


def _unknown(
    words: Sequence[str], own: Sequence[Field], command: Callable[[str], Callable[..., None]]
) -> BadOption | None:
    """The error for an option that the command does not have."""
    for at in _loose(words, own):
        if words[at].startswith("-") and words[at] not in ("-", "--"):
            flag = words[at].partition("=")[0]
            others = [each for each in COMMANDS if _field(flag, fields(command(each)))]
            hint = f"it is an option of backprop {', '.join(others)}" if others else ""
            return BadOption(
                f"backprop {words[0]} has no option {flag}",
                Label(_span(words, at, at, len(flag))),
                hints=[_instead(words, at, own, hint) or _help(words)],
            )
    return None


def _instead(words: Sequence[str], at: int, own: Sequence[Field], elsewhere: str) -> str:
    """The hint for an option that there is not; "" for none. elsewhere: that for one which another
    command has."""
    flag, equals, value = words[at].partition("=")
    flags = {each: field for field in own for each in field.option.flags}
    bare = flag.lstrip("-").replace("_", "-").casefold()
    before, after = words[:at], words[at + 1 :]
    if words[0] in TAKING_LINES and elsewhere:
        start = next((n for n, word in enumerate(before) if n and word in COMMANDS), at)
        return f"write {_line([*words[:start], '--', *words[start:]])}"
    if "--format" in flags and bare in flags["--format"].option.offers:
        return f"write {_line([*before, '--format', bare, *after])}"
    if bare in ("format", "as", "type") and "--output" in flags:
        return f"the ending of a file chooses the format: -o {flags['--output'].default}"
    if bare in ("min", "minimise", "minimize") and "--maximize" in flags:
        return f"write {_line([*before, *after])}"
    given = value if equals else after[0] if after else ""
    for flag_of, field in flags.items():
        if bare in field.option.choices and flag_of.startswith("--"):
            return f"write {_line([*before, flag_of, bare, *after])}"
    right = _by_meaning(bare, flags, given)
    if right is None:
        right = nearest(f"--{bare}", flags) if len(bare) > 2 or f"--{bare}" in flags else None
    if right:
        takes = flags[right].option.metavar
        if takes and not equals and not after:
            return f"write {right} {takes}"
        return f"write {_line([*before, right + equals * bool(takes) + value, *after])}"
    is_name = not elsewhere and re.fullmatch(r"[^\W\d]\w*", bare)
    if is_name and _NUMBER.fullmatch(given) and "--set" in flags and _has(words, own, flag):
        setting = f"{flag.lstrip('-')}={given}"
        return f"write {_line([*before, '--set', setting, *after[not equals :]])}"
    if not elsewhere and not equals and words[0] in TAKING_EXPRESSIONS and flag[1:2].isalpha():
        return f"{_help(words)}; an expression goes after -e: {_line([*before, '-e', *words[at:]])}"
    return elsewhere


def _by_meaning(bare: str, flags: Collection[str], value: str) -> str | None:
    """The option that is meant by a word of other tools, of those that a command has."""
    for right, others in other_words.OPTIONS.items():
        if right in flags and bare in others.split():
            is_setting, takes_one = "=" in value, right in _OF_NUMBERS
            if not (is_setting or takes_one) or is_setting == takes_one:
                return right
    return None


def _has(words: Sequence[str], own: Sequence[Field], flag: str) -> bool:
    """Whether the equations of this line have the name that an unknown option is called as."""
    texts = [
        words[last].partition("=")[2] if last == at else words[last]
        for at, field, last in _read(words, own)
        if field is not None and "--expr" in field.option.flags and last < len(words)
    ]
    loose = [words[at] for at in _loose(words, own)]
    files = [each for each in loose if os.path.isfile(each)] or [default_file()]
    if not texts:
        with suppress(BackpropError):
            texts = [read_source(files[0]).text]
    return any(re.search(rf"(?<!\w){flag.lstrip('-')}(?!\w)", each) for each in texts)


def _loose(words: Sequence[str], own: Sequence[Field]) -> list[int]:
    """Where words stand that are neither options nor their values."""
    return [at for at, field, _ in _read(words, own) if field is None]


def _too_many(words: Sequence[str], own: Sequence[Field]) -> BadOption | None:
    """The error for words that belong to no option."""
    places = sum(not each.option.flags for each in own)
    loose = _loose(words, own)
    if len(loose) <= places:
        return None
    extra = loose[places]
    word, flags = words[extra], [each for field in own for each in field.option.flags]
    rest = [other for at, other in enumerate(words) if at != extra]
    hints = [_help(words)]
    for text in _texts(words, own):  # --of *, in whose place the shell has put files
        behind = range(text.last, text.last + 1 + len(text.more))
        if text.more == [*behind[1:]] and all(os.path.exists(words[each]) for each in behind):
            mended = [*words[: text.last], "*", *words[behind.stop :]]
            message = (
                f"the shell has put the names of files in the place of a * behind {words[text.at]}"
            )
            return BadOption(message, hints=[f"write {_line(mended)}"])
    if "--expr" in flags and _SETTING.match(first := words[loose[0]]) and not os.path.exists(first):
        rest.insert(rest.index(first), "-e")
    if "--set" in flags and _SETTING.match(word):
        hints = [f"write {_line([*rest, '--set', word])}"]
    elif "--set" in flags and os.path.exists(word):
        files = " ".join(_quoted(words[each]) for each in loose)
        hints = [f"to put files together write cat {files} | backprop {words[0]} -"]
    count = "one name" if places == 1 else f"{places} names" if places else "no name"
    return BadOption(
        f"backprop {words[0]} takes {count} without an option",
        Label(_span(words, extra, extra), "one too many"),
        hints=hints,
    )


def _no_file(words: Sequence[str], own: Sequence[Field]) -> BadOption | None:
    """The error for equations, or a table, that stand where the name of a file with equations is due."""
    flags = [each for field in own for each in field.option.flags]
    texts = {"-e", "--expr"} & {word.partition("=")[0] for word in words}
    command = words[0] if words[0] != "explain" or "--symbolic" in words else ""  # else of numbers
    for at in _loose(words, own):
        word, label = words[at], Label(_span(words, at, at))
        if os.path.exists(word):
            if "--data" in flags and is_table(word):
                mended = [*words[:at], "--data", *words[at:]]
                mended += [] if texts or os.path.exists(default_file()) else ["-e", _EXAMPLE]
                hints = [f"write {_line(mended)}"]
                return BadOption("a table where equations are due", label, hints=hints)
        elif "--expr" in flags and not texts and (text := _as_equation(command, word)):
            mended = [*words[:at], "-e", text, *words[at + 1 :]]
            hints = [f"write {_line(mended)}"]
            if words[0] == "fit" and "~" not in text:
                hints = [f'write a model of a column y: -e "y ~ {text.partition(" = ")[2]}"']
            return BadOption("equations where a file is due", label, hints=hints)
    return None


_EXAMPLE = "y ~ a + b*x"


def _as_equation(name: str, word: str) -> str:
    """A word in the place of a file as the equation that it is meant to be; "" for none. name: the
    command, of which some take an expression there."""
    if _SETTING.match(word):
        return word
    if name in TAKING_EXPRESSIONS or re.fullmatch(r"-|[^\W\d]\w*", word):
        return ""
    return named(word) if is_expression(word) else ""


def _no_command(
    words: Sequence[str], said: str, command: Callable[[str], Callable[..., None]]
) -> BadOption:
    """The error for a line whose first word is no command."""
    named = next((word for word in words if word in COMMANDS), None)
    others = [each for each in COMMANDS if words and _field(words[0], fields(command(each)))]
    if words and words[0].startswith("-") and (named or others):
        rest = [word for at, word in enumerate(words) if named is None or at != words.index(named)]
        line = _line([named or others[0], *rest])
        return BadOption("the command stands in front of its options", hints=[f"write {line}"])
    first = next((word for word in words if not word.startswith("-")), None)
    if first is None:
        message = re.sub(r" \(Possible options?:.*", "", said)
        hints = ["backprop -h shows the options"]
        return BadOption(message[:1].lower() + message[1:].rstrip("."), hints=hints)
    at = words.index(first)
    if meant := _command(first.casefold(), words[at + 1 :], command):
        hints = [f"write {_line([*words[:at], *meant])}"]
    elif os.path.exists(first):
        hints = [f"write {_line([*words[:at], 'grad', *words[at:]])}"]
    elif _SETTING.match(first):
        hints = [f"write {_line([*words[:at], 'grad', '-e', *words[at:]])}"]
    else:
        hints = [*did_you_mean(first, COMMANDS), f"there are {', '.join(COMMANDS)}"]
    return BadOption(f"there is no command {first!r}", hints=hints)


def _command(
    other: str, rest: Sequence[str], command: Callable[[str], Callable[..., None]]
) -> list[str] | None:
    """The line that is meant by a command of other tools and the words behind it; None for none."""

    def texts(name: str) -> list[int]:
        line = [name, *rest]
        loose = _loose(line, fields(command(name)))
        return [each - 1 for each in loose if not os.path.exists(line[each])]

    if other in other_words.OF_FORMULAS.split():
        derived = texts("diff")
        if other not in other_words.COMMANDS["grad"].split() or (
            derived and _as_equation("", rest[derived[0]])
        ):
            return ["diff", *rest]
    lines = {**other_words.COMMANDS, **other_words.WITH_OPTIONS}
    found = next((line for line, others in lines.items() if other in others.split()), None)
    if other in OPTIMIZERS:
        found = f"descend --optimizer {other}"
    if found is None:
        return None
    if found.startswith("-"):
        return [found]
    name, *options = shlex.split(found)
    if any(_field("--expr", [each]) for each in fields(command(name))):
        for at in texts(name)[:1]:
            if text := _as_equation(name, rest[at]):
                return [name, *options, *rest[:at], "-e", text, *rest[at + 1 :]]
    return [name, *options, *rest]


def _help(words: Sequence[str]) -> str:
    return f"backprop {words[0]} -h shows the options"


def _quoted(word: str) -> str:
    """A word as any shell takes it for one."""
    if word == shlex.quote(word):
        return word
    return shlex.quote(word) if re.search(r'[$`"\\!]', word) else f'"{word}"'


def _line(words: Iterable[str]) -> str:
    return " ".join(["backprop", *map(_quoted, words)])


def _span(words: Sequence[str], first: int, last: int, length: int | None = None) -> Span:
    """Where words stand in the line as it was written, as far as a program knows that."""
    text, ends = "backprop", []
    for word in words:
        shown = _quoted(word) if re.search(r"\s", word) or not word else word
        ends.append((len(text) + 1, len(text) + 1 + len(shown)))
        text += f" {shown}"
    start = ends[first][0]
    return Span(
        Source("<command line>", text), start, ends[last][1] if length is None else start + length
    )
