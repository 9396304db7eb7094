"""Every kind of mistake in sessions of `backprop quiz`, in a pipe and in a pseudo-terminal: what a wrong answer is
told, and that the right one is right after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backprop.language import read_model
from backprop.quizzes.questions import Question, questions
from backprop.source import Source
from running import backprop
from test_quiz import MISTAKES
from test_quiz_session import Terminal

Session = dict[str, list[tuple[str, str]]]
"""Of questions, by their prompts, wrong answers and what is said of them."""


def sessions() -> Iterator[tuple[str, Session]]:
    """Equations, and one wrong answer to some of the questions about them, until all mistakes had their turn."""
    for text in dict.fromkeys(row[0] for row in MISTAKES):
        left: Session = {}
        for equations, prompt, answer, _, said in MISTAKES:
            if equations == text:
                left.setdefault(prompt, []).append((answer, said))
        while left:
            yield text, {prompt: [some.pop()] for prompt, some in left.items()}
            left = {prompt: some for prompt, some in left.items() if some}


SESSIONS = [*sessions()]


def asked(text: str) -> list[Question]:
    return questions(read_model(Source("<-e>", text)), {}, None)


def right(question: Question) -> str:
    return question.formula if question.kind == "formula" else question.answer_text


@pytest.mark.parametrize("at", range(len(SESSIONS)))
def test_in_a_pipe(at: int) -> None:
    text, mistakes = SESSIONS[at]
    found = asked(text)
    wrong = {each.prompt: mistakes.get(each.prompt, []) for each in found}
    lines = [
        line
        for each in found
        for line in (*(answer for answer, _ in wrong[each.prompt]), right(each))
    ]
    ran = backprop("quiz", "-e", text, stdin="".join(f"{line}\n" for line in lines).encode())
    assert ran.status == 0
    for each, block in zip(found, ran.out.split(" = ?\n")[1:], strict=True):
        told = " ".join(block.split())
        for _, said in wrong[each.prompt]:
            assert f"not right: {said}" in told, told
        assert (
            "right" in told.partition("once more: ")[2] if wrong[each.prompt] else "right" in told
        )
    once = sum(not some for some in wrong.values())
    assert (
        f"score: {once} of {len(found)} right at once, {len(found) - once} at the second try"
        in ran.out
    )


@pytest.mark.parametrize("at", range(len(SESSIONS)))
def test_in_a_terminal(at: int) -> None:
    text, mistakes = SESSIONS[at]
    terminal = Terminal("-e", text)
    try:
        terminal.until("> ")
        for each in asked(text):
            for answer, said in mistakes.get(each.prompt, []):
                terminal.type(f"{answer}\r")
                told = " ".join(terminal.until("> ").split())
                assert f"\x1b[1;31mnot right\x1b[0m: {said}" in told, told
            terminal.type(f"{right(each)}\r")
            terminal.until("> ")  # or its end
        assert terminal.end() == 0
    finally:
        terminal.process.kill()
        terminal.process.wait()
    assert terminal.seen.count("\x1b[1;31mnot right\x1b[0m") == sum(map(len, mistakes.values()))
