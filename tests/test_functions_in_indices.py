"""Functions of the file in indices, ranges, steps and conditions: against Python, and as loops."""

import pytest

import backprop as library
from backprop.errors import BackpropError
from backprop.evaluation.gradient import gradient
from backprop.language.reading import read_carefully
from backprop.loops.worth import read_model
from backprop.source import Source
from running import backprop

X = "x[k] = k^2 + 1 for k in 0..20; "


def x(k: float) -> float:
    assert k == int(k)
    return k**2 + 1


HALF = "half(i) = floor(i/2); "

TEXTS = {
    HALF + X + "L = sum(x[half(i)]*i for i in 0..9)": sum(x(i // 2) * i for i in range(10)),
    # nested, and defined further down
    X + "q(i) = half(half(i)) + 1; L = sum(x[q(i)]*i for i in 0..9); " + HALF: sum(
        x(i // 4 + 1) * i for i in range(10)
    ),
    "at(i, j) = 3*i + j; " + X + "L = sum(x[at(i,j)]*x[at(j,i)]*i for i in 0..2, j in 0..2)": sum(
        x(3 * i + j) * x(3 * j + i) * i for i in range(3) for j in range(3)
    ),
    "n(i) = mod(i, 3) + 1; " + X + "L = sum(x[i]*x[j] for i in n(0)..7, j in n(i)..2*n(i))": sum(
        x(i) * x(j) for i in range(1, 8) for j in range(i % 3 + 1, 2 * (i % 3 + 1) + 1)
    ),
    "s(n) = 2*n + 1; n = 2; " + X + "L = sum(x[i]*i for i in 0..20..s(n))": sum(
        x(i) * i for i in range(0, 21, 5)
    ),
    "odd(i) = mod(i, 2) == 1; "
    + X
    + "L = sum(x[i]*i for i in 0..20 if odd(i) and not i == 3)": sum(
        x(i) * i for i in range(1, 21, 2) if i != 3
    ),
    # a constant and a table of the file
    "const k[i] = mod(i*7, 5) for i in 0..9; m = 2; f(i) = k[i] + m; "
    + X
    + "L = sum(x[f(i)]*i for i in 0..9)": sum(x(i * 7 % 5 + 2) * i for i in range(10)),
    "f(i) = if(i > 3, i - 3, i + 3); " + X + "L = sum(x[f(i)]*i for i in 0..9)": sum(
        x(i - 3 if i > 3 else i + 3) * i for i in range(10)
    ),
    # it comes before a function of the language, and parameters before variables
    "floor(i) = i + 1; " + X + "L = sum(x[floor(i)]*i for i in 0..9)": sum(
        x(i + 1) * i for i in range(10)
    ),
    "f(i) = i + 1; i(f) = 2*f; " + X + "L = sum(x[f(i(f))]*x[i(i)] for f in 0..4, i in 0..3)": sum(
        x(2 * f + 1) * x(2 * i) for f in range(5) for i in range(4)
    ),
    # the index is an argument of a function of values
    HALF + "f(u, k) = u*x[half(k)]; " + X + "L = sum(f(x[j], j) for j in 0..20)": sum(
        x(j) * x(j // 2) for j in range(21)
    ),
    # on a left side
    "h(i) = 2*i + 1; v[h(i)] = i^2 + 1 for i in 0..9; L = sum(v[2*i + 1]*i for i in 0..9)": sum(
        x(i) * i for i in range(10)
    ),
}

UNROLLED = {
    # sums in functions, and constants that functions make
    "f(i) = sum(j for j in 0..i); " + X + "L = sum(x[f(i)]*i for i in 0..5)": sum(
        x(i * (i + 1) // 2) * i for i in range(6)
    ),
    "f(i) = m*i + 1; m = g(3); g(k) = k - 1; " + X + "L = sum(x[f(i)]*i for i in 0..9)": sum(
        x(2 * i + 1) * i for i in range(10)
    ),
}


@pytest.mark.parametrize(("text", "expected"), [*TEXTS.items(), *UNROLLED.items()])
def test_a_function_of_the_file_is_index_arithmetic(text: str, expected: float) -> None:
    assert library.parse(text).grad(of="L").value == expected


@pytest.mark.parametrize("text", [*TEXTS])
def test_loops_read_what_is_unrolled(text: str) -> None:
    loops, whole = read_model(Source("", text), many=0), read_carefully(Source("", text))
    assert loops.loops
    found, expected = gradient(loops, {}, "L"), gradient(whole, {}, "L")
    assert (found.data, found.gradients) == (expected.data, expected.gradients)


def test_the_gradient_of_a_member_is_gathered_back() -> None:
    text = HALF + X + "y[i] = x[half(i)]*i for i in 0..9; L = sum(y[i]^2 for i in 0..9)"
    found = library.parse(text).grad(of="L").gradients
    for k in range(5):
        assert found[f"x[{k}]"] == 2 * x(k) * ((2 * k) ** 2 + (2 * k + 1) ** 2)


DEEP = "f0(i) = i; " + "; ".join(f"f{k}(i) = f{k - 1}(i)" for k in range(1, 400))
MANY = "f0(i) = i; " + "; ".join(
    f"f{k}(i) = f{k - 1}(2*i) + f{k - 1}(2*i + 1)" for k in range(1, 40)
)
Y = "y[i] = x[h(i)]*2 for i in 2..5; L = sum(y[i] for i in 2..5)"


@pytest.mark.parametrize("many", [0, 1e9])
@pytest.mark.parametrize(
    ("text", "said", "under"),
    [
        ("h(i) = i/2; " + X + Y, "in y[3] (i = 3): h(3) is 1.5, no whole number", "h(i)"),
        ("h(i) = 6/(i - 2); " + X + Y, "in y[2] (i = 2): h(2) has no value", "h(i)"),
        ("h(i) = 10^(i*10); " + X + Y, "h(2) is no number of this size", "h(i)"),
        ("h(i) = g(i) + 1; g(i) = floor(9/(i - 4)) + 20; " + X + Y.replace("2..5", "4..5"), "y[4] (i = 4): h(4) has no value", "h(i)"),
        ("h(i) = i + q; " + X + Y, "in y[2] (i = 2): 'q' is no integer constant", "h(i)"),
        ("h(i) = i + q; q = 2*p; p = r; " + X + Y, "'q' is no integer constant", "h(i)"),
        ("h(i) = i + 17; " + X + Y, "in y[4] (i = 4): x[21] is not defined", "x[h(i)]"),
        ("h(i) = h(i - 1); " + X + Y, "the function 'h' calls itself", "h"),
        ("h(i) = i/2; " + X + "L = sum(x[i] for i in 0..h(9))", "h(9) is 4.5, no whole", "h(9)"),
        (DEEP + "; " + X + "L = sum(x[f399(i)] for i in 0..9)", "more than 50 deep", "f349(i)"),
    ],
)  # fmt: skip
def test_what_is_no_index_says_so(text: str, said: str, under: str, many: float) -> None:
    with pytest.raises(BackpropError) as caught:
        read_model(Source("", text), many=many)
    assert said in caught.value.message
    assert caught.value.labels[0].span.text == under


def test_calls_inside_one_another_are_counted() -> None:
    text = MANY + "; " + X + "L = sum(x[f39(i)] for i in 0..9)"
    with pytest.raises(BackpropError, match="over 10,000,000 values"):
        read_model(Source("", text))


def test_what_to_do_is_said() -> None:
    with pytest.raises(BackpropError) as caught:
        read_model(Source("", "h(i) = i + q; " + X + Y))
    assert "give q a number in the file, as q = 3, or make it an argument of h" in str(
        caught.value.hints
    )
    with pytest.raises(BackpropError) as caught:
        read_model(Source("", "h(i) = i/2; " + X + Y.replace("h(i)", "h(i) + 1")))
    assert caught.value.hints[-1] == "h(3) is 1.5"


@pytest.mark.parametrize(
    ("given", "value"), [("n=1, c[1]=2", 22.0), ("n=5, c[1]=2", 66.0), ("n=4, c[4]=2", 55.0), ("c[2]=2", 44.0)]
)  # fmt: skip
def test_sizes_are_read_before_the_members_of_tables(given: str, value: float) -> None:
    """A table has as many members as are asked for, and no others."""
    text = "n = 3; c[i] = 1 for i in 1..n; d[1] = 10; d[2] = 20; L = sum(c[*]) + sum(d[c[i]] for i in 1..n)"
    found = backprop("grad", "-e", text, "--set", given)
    assert found.out.startswith(f"L = {value:g}\n")
    refused = backprop("grad", "-e", text, "--set", "n=1, c[3]=2")
    assert refused.status == 1
    assert "c[3]" in refused.err
