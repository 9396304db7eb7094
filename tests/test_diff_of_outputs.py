"""Derivatives of whole families, by members on the way, and of third order: they stay indexed, and their
numbers are those of mpmath."""

from __future__ import annotations

import math
from itertools import product

import pytest

import backprop as library
from derived_again import EPSILON, true_slope
from running import backprop
from truth import mp

OUTPUTS = [
    ("n=5; w=0.7; x[i]=i/4 for i in 1..n; h[i]=tanh(w*x[i]) for i in 1..n", "h", ["dh_dw[i] = x[i]*sech(w*x[i])^2 for i in 1..n", "dh_dx[i,i] = w*sech(w*x[i])^2 for i in 1..n", "dh_dx[i,p] = 0 for i in 1..n, p in 1..n if p != i"]),
    ("n=5; w=0.7; s[0]=1; s[i]=tanh(w*s[i-1]) for i in 1..n", "s", ["ds_dw[0] = 0", "ds_dw[i] = sech(w*s[i-1])^2*(w*ds_dw[i-1] + s[i-1]) for i in 1..n"]),
    ("n=5; w=0.7; c=0.2; s[0]=1; s[i]=tanh(w*s[i-1]+c) for i in 1..n; y[i]=s[i]^2*c for i in 1..n", "y", ["dy_dw[i] = 2*s[i]*c*ds_dw[i] for i in 1..n"]),
    ("n=4; w=0.7; x[i]=i/4 for i in 1..n; h[i]=exp(w*x[i]) for i in 1..n; y[i]=sum(h[k] for k in i..n)^2 for i in 1..n", "y", ["dh_dw[i] = x[i]*h[i] for i in 1..n", "dy_dw[i] = 2*sum(h[k] for k in i..n)*sum(dh_dw[p] for p in i..n) for i in 1..n"]),
    ("n=3; m=2; w[i,k]=i-k/3 for i in 1..n, k in 1..m; x[k]=k for k in 1..m; z[i]=sum(w[i,k]*x[k] for k in 1..m) for i in 1..n; p[i]=softmax(z[*],i) for i in 1..n", "p", []),
    ("n=4; z[i]=i/3 for i in 1..n; q[i]=softmax(z[*],i) for i in 1..n", "q", ["dq_dz[i,i] = q[i]*(1 - q[i]) for i in 1..n", "dq_dz[i,p] = -q[p]*q[i] for i in 1..n, p in 1..n if p != i"]),
    ("n=4; z[i]=i/3 for i in 1..n; q[i]=softmax(z[*],i) for i in 2..n", "q", []),
    ("n=4; a=3; x[i]=i*1.2 for i in 1..n; y[i]=a*x[i] for i in 1..n", "y", ["dy_da[i] = x[i] for i in 1..n"]),
    ("n=4; r=0.3; x[0]=0.5; x[1]=0.7; x[t]=sin(x[t-1])+r*x[t-2] for t in 2..n", "x", []),
    ("n=3; k=0.1; u[0,i]=i/3 for i in 0..n; u[t,0]=0 for t in 1..2; u[t,n]=0 for t in 1..2; u[t+1,i]=u[t,i]+k*(u[t,i-1]-2*u[t,i]+u[t,i+1])^2 for t in 0..1, i in 1..n-1", "u", []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "family", "lines", "shape"),
    [
        pytest.param(*each, shape, id=f"{each[1]}-{shape}", marks=pytest.mark.whole if each[1] == "u" and not shape else ())
        for each in OUTPUTS
        for shape in (None, "steps")
    ],
)  # fmt: skip
def test_of_all_members(text: str, family: str, lines: list[str], shape: str | None) -> None:
    """Also in large: the equations do not depend on n, and none is for a single member but those of the file."""
    asked = ["--of", f"{family}[*]", *(["--shape", shape] if shape else [])]
    ran = backprop("diff", "-e", text, *asked)
    out = ran.out.splitlines()
    assert {*lines} <= {*out}
    model, again = library.parse(text), library.parse(ran.out)
    inputs = {name.partition("[")[0] for name in model.grad(of=[*model.outputs][-1]).gradients}
    compared = 0
    for name in again.names:
        of, _, indices = name.partition("[")
        by = of.removeprefix(f"d{family}_d")
        if by == of or by not in inputs:
            continue
        numbers = indices.rstrip("]").split(",")
        rank = next(each.count(",") + 1 for each in model.names if each.startswith(f"{family}["))
        member, rest = f"{family}[{','.join(numbers[:rank])}]", numbers[rank:]
        wanted = true_slope(text, {}, member, f"{by}[{','.join(rest)}]" if rest else by)
        value = again.grad(of=name).value if again.is_equation(name) else again.default(name)
        assert value == pytest.approx(wanted, rel=1e-12, abs=4 * EPSILON), name
        compared += 1
    assert compared


def test_of_a_large_family() -> None:
    text = "n=100000; w=0.7; s[0]=1; s[i]=tanh(w*s[i-1]) for i in 1..n"
    large = backprop("diff", "-e", text, "--of", "s[*]", "--wrt", "w").out
    assert large == backprop("diff", "-e", text, "--of", "s[*]", "--wrt", "w", "--set", "n=6").out.replace("n=6", "n=100000")  # fmt: skip


def test_by_a_member_of_a_recurrence() -> None:
    text = "n=9; x[0]=0.3; r=1.7; x[t+1]=r*x[t]*(1-x[t]) for t in 0..n-1; L=x[n]^2"
    for by in ("x[3]", "x[0], x[3]", "x[3..5]"):
        out = backprop("diff", "-e", text, "--wrt", by).out
        assert "dL_dx[t] = r*(1 - 2*x[t])*dL_dx[t+1] for t in 0..n-1" in out.splitlines()
        again = library.parse(out)
        for at in (0, 3, 5):
            value = again.grad(of=f"dL_dx[{at}]").value
            assert value == pytest.approx(true_slope(text, {}, "L", f"x[{at}]"), rel=1e-14)
    ran = backprop("diff", "-e", text, "--wrt", "x[3]", "--set", "n=100000")
    assert "dL_dx[n] = 2*x[n]" in ran.out.splitlines()


THIRD = (
    "x[i]=i/2 for i in 1..n; w=2; L=sum(w*x[i]^2 for i in 1..n)^2 + sum(sin(x[i]) for i in 1..n)"
)


@pytest.mark.parametrize("order", [3, 4])
def test_of_higher_orders_by_whole_families(order: int) -> None:
    """Those of mpmath, and the same equations for any size."""
    text = f"n=3; {THIRD}"
    out = backprop("diff", "-e", text, "--order", str(order), "--wrt", "x").out
    again = library.parse(out)

    def whole(*x: object) -> object:
        return sum(2 * each**2 for each in x) ** 2 + sum(map(mp.sin, x))  # type: ignore

    for places in product(range(3), repeat=order):
        with mp.workprec(300):
            orders = tuple(places.count(place) for place in range(3))
            wanted = float(mp.diff(whole, (mp.mpf(0.5), mp.mpf(1), mp.mpf(1.5)), orders))
        name = f"d{order}L_dx{order}[{','.join(str(place + 1) for place in places)}]"
        value = again.grad(of=name).value if again.is_equation(name) else again.default(name)
        assert value == pytest.approx(wanted, rel=1e-14, abs=1e-14), name
    for size in (30, 3000):
        large = backprop("diff", "-e", f"n={size}; {THIRD}", "--order", str(order), "--wrt", "x")
        assert large.out == out.replace("n=3\n", f"n={size}\n")
        assert "only" not in large.err


RECURRENT = "n=6; s[0]=0.1; s[i]=tanh(w*s[i-1]+x[i]) for i in 1..n; x[i]=sin(i) for i in 1..n; w=0.7; L=s[n]^2"

WITH_DERIVATIVES = [
    (f"{RECURRENT}; g[i]=derivative(s[i], w) for i in 1..n; G=sum(g[i]^2 for i in 1..n)", "G", "w", "ds_dw[i] = sech(w*s[i-1] + x[i])^2*(w*ds_dw[i-1] + s[i-1]) for i in 1..n"),
    (f"{RECURRENT}; g[i]=derivative(L, s[i]) for i in 0..n; G=sum(g[i]^2 for i in 0..n)", "G", "w", "dL_ds[i] = w*sech(w*s[i] + x[i+1])^2*dL_ds[i+1] for i in 0..n-1"),
    (f"{RECURRENT}; g[i]=derivative(s[i], w) for i in 1..n; G=sum(g[i]^2 for i in 1..n)", "G", "x", ""),
    (f"{RECURRENT}; g=derivative(L, w); G=g^2", "G", "x", ""), (f"{RECURRENT}; g=derivative(L, w); G=derivative(g, w)", "G", "w", ""),
    (f"{RECURRENT}; g[i]=derivative(s[i], s[i-3]) for i in 4..n; G=sum(g[i] for i in 4..n)", "G", "w", ""),
    ("n=5; a=2; x[i]=i/3 for i in 1..n; V=sum(a*x[i]^3 for i in 1..n); F[i]=-derivative(V,x[i]) for i in 1..n; L=sum(F[i]^2 for i in 1..n)", "L", "a, x", "dL_dx[i] = 36*a^2*x[i]^3 for i in 1..n"),
    ("n=4; a=2; x[i]=i/3 for i in 1..n; V=sum(a*x[i]^3*x[1] for i in 1..n); F[i]=-derivative(V,x[i]) for i in 1..n; H[i,j]=derivative(F[i],x[j]) for i in 1..n, j in 1..n; L=sum(H[i,j]^2 for i in 1..n, j in 1..n)", "L", "a, x", ""),
    ("n=4; a=2; b=0.3; h[i]=sin(a*i+b) for i in 1..n; J[i]=derivative(h[i],a)*derivative(h[i],b) for i in 1..n; L=sum(J[*])", "L", "a, b", ""),
    ("n=4; a=2; x[i]=i/3 for i in 1..n; h[i]=sin(a*x[i]) for i in 1..n; L=sum(h[i]^2 for i in 1..n); g[i]=derivative(L, h[i])*x[i] for i in 1..n; K=sum(g[i]^3 for i in 1..n)", "K", "a, x", ""),
    ("n=4; a=2; x[i]=i/3 for i in 1..n; L=sum(sin(a*x[i]) for i in 1..n); g[i]=derivative(L, x[i]) for i in 1..n", "g", "a, x", ""),
    (f"{RECURRENT}; g[i]=derivative(s[i], w) for i in 1..n", "g", "w", ""),
    ("n=4; a=2; x[i]=i/3 for i in 1..n; h[i]=x[i]^2*derivative(a*x[i]^3, x[i]) for i in 1..n; L=sum(h[*])", "L", "a, x", "dL_dx[i] = 12*a*x[i]^3 for i in 1..n"),
    ("n=4; a=2; x[i]=i/3 for i in 1..n; h[i]=derivative(sin(a*x[i])^2/x[i], x[i]) for i in 1..n; L=sum(h[i]^2 for i in 1..n)", "L", "a, x", ""),
    ("n=4; a=2; x[i]=i/3 for i in 1..n; L=sum(derivative(exp(a*x[i])*x[i], a) for i in 1..n)", "L", "a, x", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "n=3; a=0.7; f(u)=u^3*a; g(u)=derivative(f(u),u); L=sum(g(a*i) for i in 1..n)",
        "n=3; a=0.7; x[i]=i*a for i in 1..n; f(u)=u^3*x[1]; g(u)=derivative(f(u),u); L=sum(g(x[i]) for i in 1..n)",
        "n=3; a=0.7; x[i]=i*a for i in 1..n; L=sum(derivative(x[i]*x[1]^2, x[i]) for i in 1..n)",
        "n=3; a=0.7; x[i]=i*a for i in 1..n; L=sum(derivative(sum(x[k]^3 for k in 1..n)*a, x[i]) for i in 1..n)",
        "n=3; a=0.7; b=a^2; x[i]=i*a for i in 1..n; L=sum(derivative(x[i]*b, a) for i in 1..n)",
    ],
)
def test_of_derivatives_that_are_not_local(text: str) -> None:
    """By a parameter of a function, and where more moves than what is read."""
    again = library.parse(backprop("diff", "-e", text, "--wrt", "a").out)
    value = again.grad(of="dL_da").value if again.is_equation("dL_da") else again.default("dL_da")
    assert value == pytest.approx(true_slope(text, {}, "L", "a"), rel=1e-13)


@pytest.mark.parametrize(
    ("text", "of", "by", "line", "shape"),
    [
        pytest.param(*each, shape, marks=pytest.mark.whole if at == 4 and not shape else ())
        for at, each in enumerate(WITH_DERIVATIVES)
        for shape in (None, "steps")
    ],
)
def test_of_derivatives_that_equations_read(
    text: str, of: str, by: str, line: str, shape: str | None
) -> None:
    """They stay indexed, and so can be written for any number of members."""
    model = library.parse(text)
    outputs = [each for each in model.names if each.partition("[")[0] == of]
    asked = ["--of", "g[*]" if of == "g" else of, "--wrt", by, *(["--shape", shape] if shape else [])]  # fmt: skip
    out = backprop("diff", "-e", text, *asked).out
    assert not line or shape or line in out.splitlines()
    again, compared = library.parse(out), 0
    for name in model.names:
        if name.partition("[")[0] not in by.split(", "):
            continue
        for output in outputs:
            rest = ",".join(each.partition("[")[2].rstrip("]") for each in (output, name) if "[" in each)  # fmt: skip
            label = f"d{of}_d{name.partition('[')[0]}" + (f"[{rest}]" if rest else "")
            wanted = true_slope(text, {}, output, name)
            value = again.grad(of=label).value if again.is_equation(label) else again.default(label)
            assert value == pytest.approx(wanted, rel=1e-12, abs=4 * EPSILON), label
            compared += 1
    assert compared
    if "i-3" not in text:  # whose ranges are divided otherwise
        for size in (60, 200) if "H[" in text else (60,):
            large = backprop("diff", "-e", text, *asked, "--set", f"n={size}")
            own = text[: text.index(";")]
            assert large.out == out.replace(f"{own}\n", f"n={size}\n")
            assert "only" not in large.err


NEURONS = "n=3; m=2; w[k]=k/3 for k in 1..m; b=0.1; x[i,k]=sin(i*k) for i in 1..n, k in 1..m; const x[*]; h[i]=tanh(sum(w[k]*x[i,k] for k in 1..m)+b) for i in 1..n; L=sum(h[i]^3 for i in 1..n)"  # fmt: skip


@pytest.mark.parametrize("order", [3, pytest.param(4, marks=pytest.mark.whole)])
def test_of_higher_orders_through_steps(order: int) -> None:
    """By a family and a single name, of families on the way, against mpmath's differences."""
    out = backprop("diff", "-e", NEURONS, "--order", str(order), "--shape", "steps").out
    again = library.parse(out)

    def whole(one: object, two: object, b: object) -> object:
        x = [[mp.mpf(math.sin(i * k)) for k in (1, 2)] for i in (1, 2, 3)]
        return sum(mp.tanh(one * p + two * q + b) ** 3 for p, q in x)  # type: ignore[operator]

    compared = 0
    for places in product(range(3), repeat=order):
        if sorted(places, key=lambda place: place == 2) != [*places]:
            continue  # b comes last
        by_b = places.count(2)
        by_w = order - by_b
        name = f"d{order}L" + (f"_dw{by_w if by_w > 1 else ''}" if by_w else "")
        name += f"_db{by_b if by_b > 1 else ''}" if by_b else ""
        name += f"[{','.join(str(place + 1) for place in places[:by_w])}]" if by_w else ""
        with mp.workprec(400):
            at = mp.mpf(1 / 3), mp.mpf(2 / 3), mp.mpf(0.1)
            wanted = float(mp.diff(whole, at, tuple(places.count(place) for place in range(3))))
        assert again.grad(of=name).value == pytest.approx(wanted, rel=1e-11), name
        compared += 1
    assert compared == sum(2**by_w for by_w in range(order + 1))


def test_third_derivatives_by_where_a_recurrence_begins() -> None:
    text = "n=4; x[0]=0.3; r=1.7; x[t+1]=r*x[t]*(1-x[t]) for t in 0..n-1; L=x[n]^2"
    again = library.parse(backprop("diff", "-e", text, "--wrt", "x", "--order", "3").out)

    def whole(x: object) -> object:
        for _ in range(4):
            x = mp.mpf(1.7) * x * (1 - x)  # type: ignore[operator]
        return x**2  # type: ignore[operator]

    with mp.workprec(400):
        wanted = float(mp.diff(whole, mp.mpf(0.3), 3))
    assert again.grad(of="d3L_dx3[0,0,0]").value == pytest.approx(wanted, rel=1e-13)


@pytest.mark.parametrize("order", [2, 3])
@pytest.mark.parametrize("size", [6, 300])
def test_of_higher_order_by_a_step_of_a_recurrence(order: int, size: int) -> None:
    """By where the rest of it begins, with no members before that."""
    text = f"n={size}; r=1.7; x[0]=0.3; x[t+1]=r*x[t]*(1-x[t]) for t in 0..n-1; L=x[n]^2"
    ran = backprop("diff", "-e", text, "--wrt", "x[3]", "--order", str(order))
    lines = [line for line in ran.out.splitlines() if line.startswith("d")]
    assert lines[:4] == [
        "dL_dx[t] = r*(1 - 2*x[t])*dL_dx[t+1] for t in 3..n-1",
        "dL_dx[n] = 2*x[n]",
        "dx_dx[3,3] = 1",
        "dx_dx[t,3] = r*(1 - 2*x[t-1])*dx_dx[t-1,3] for t in 4..n",
    ]
    names = [line.partition("[")[0] for line in lines]
    assert {*names} == {f"d{'' if by == 1 else by}{of}_dx{'' if by == 1 else by}" for by in range(1, order + 1) for of in "Lx" if (of, by) != ("x", order)}  # fmt: skip
    assert "only" not in ran.err
    begin = library.parse(text).grad(of="L").data["x[3]"]

    def value(x: object) -> object:
        for _ in range(size - 3):
            x = mp.mpf(1.7) * x * (1 - x)  # type: ignore[operator]
        return x**2  # type: ignore[operator]

    with mp.workprec(400):
        wanted = float(mp.diff(value, mp.mpf(begin), order))
    label = f"d{order}L_dx{order}[{','.join('3' * order)}]"
    assert library.parse(ran.out).grad(of=label).value == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("r=1.7; x=0.3; y=r*x*(1-x); z=r*y*(1-y); L=z^2*r", "y, r"), ("r=1.7; x=0.3; y=r*x*(1-x); z=r*y*(1-y); L=z^2*r", "r, y"),
        ("r=1.7; x=0.3; y=r*x*(1-x); z=r*y*(1-y); L=z^2*r", "y, y"), ("x=2; y=x^2; z=x*y; L=z^3*y*x", "y, z"), ("x=2; y=x^2; z=x*y; L=z^3*y*x", "z, y"),
        ("x=1.3; y=sin(x); z=x*y; L=exp(z)*y*x", "y, x, z"), ("x=1.3; y=sin(x); z=x*y; L=exp(z)*y*x", "z, x, x"), ("x=1.3; y=sin(x); z=x*y; L=exp(z)*y*x", "x, z, y"),
        ("r=1.7; x[0]=0.3; x[t+1]=r*x[t]*(1-x[t]) for t in 0..3; L=x[4]^2", "x[2], r"), ("r=1.7; x[0]=0.3; x[t+1]=r*x[t]*(1-x[t]) for t in 0..3; L=x[4]^2", "x[2], x[0]"),
        ("r=1.7; x[0]=0.3; x[t+1]=r*x[t]*(1-x[t]) for t in 0..3; L=x[4]^2", "x[3], x[2]"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("shape", ["nested", "steps"])
def test_mixed_derivatives_by_what_is_computed(text: str, names: str, shape: str) -> None:
    """One after the other through all equations, as `derivative(derivative(L, y), r)` has it."""
    path = names.split(", ")
    again = "L"
    for each in path:
        again = f"derivative({again}, {each})"
    wanted = library.parse(f"{text}; M={again}+0").grad(of="M").value
    order = ["--order", str(len(path))]
    ran = backprop("diff", "-e", text, "--wrt", names, *order, "--shape", shape)
    if ran.status:
        assert "too long to be written as a whole" in ran.err
        assert "x[0]=0.3" in text
        return
    found = library.parse(ran.out)
    label = next(each for each in reversed(found.names) if each.startswith(f"d{len(path)}L_d"))
    assert found.grad(of=label).value == pytest.approx(wanted, rel=1e-12)


MIXED = ["x[3], r", "r, x[3]", "x[3], x[3], r", "r, x[3], r", "v[2], s", "s, v[2], v[2]", "x[3], v[2]", "s, x[2], r"]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "size"),
    [
        *(
            pytest.param(names, 6, marks=pytest.mark.whole if at % 4 == 2 else ())
            for at, names in enumerate(MIXED)
        ),
        *(
            pytest.param(names, 60, marks=() if at % 4 == 2 else pytest.mark.whole)
            for at, names in enumerate(MIXED)
        ),
    ],
)
def test_mixed_by_steps_of_recurrences_stay_indexed(names: str, size: int) -> None:
    """As `derivative(derivative(L, x[3]), r)` has it, through what leads to the step as well."""
    text = f"n={size}; r=1.7; s=0.4; x[0]=0.3; v[0]=s; x[t+1]=x[t]+0.1*v[t] for t in 0..n-1; v[t+1]=v[t]-0.1*r*sin(x[t+1]) for t in 0..n-1; L=x[n]^2+v[n]*s+r*x[3]"
    path, again = names.split(", "), "L"
    for each in path:
        again = f"derivative({again}, {each})"
    wanted = library.parse(f"{text}; M={again}+0").grad(of="M").value
    ran = backprop("diff", "-e", text, "--wrt", names, "--order", str(len(path)))
    assert ran.status == 0
    assert len([line for line in ran.out.splitlines() if line.startswith("d")]) < 60
    steps = sorted((each for each in path if "[" in each), key=path.index)
    members = ",".join(each[2] for each in steps)
    label = f"d{len(path)}L_{''.join(_powers([*(each[0] for each in steps), *(each for each in path if '[' not in each)]))}[{members}]"
    assert library.parse(ran.out).grad(of=label).value == pytest.approx(wanted, rel=1e-11)


def _powers(names: list[str]) -> list[str]:
    """`dx2_dr` of x, x, r, in parts."""
    found = [
        f"d{name}{names.count(name) if names.count(name) > 1 else ''}"
        for name in dict.fromkeys(names)
    ]
    return ["_".join(found)]


@pytest.mark.parametrize(
    ("order", "lines"),
    [
        (2, ["dL_dh[i] = 2*h[i] for i in 1..n", "dh_dw[i,i] = 2*u*w[i] for i in 1..n", "d2L_dw_dh[i,i] = 2*dh_dw[i,i] for i in 1..n",
             "d2L_dw2[i,i] = 2*u*(w[i]*d2L_dw_dh[i,i] + dL_dh[i]) for i in 1..n", "d2L_dw2[p,i] = 0 for p in 1..n, i in 1..n if p != i"]),
        (3, ["dh_dw[i,i] = 2*u*w[i] for i in 1..n"]),
    ],
)  # fmt: skip
def test_steps_that_are_0_are_left_out(order: int, lines: list[str]) -> None:
    text = "w[i]=cos(i) for i in 1..n; n=3; u=2; h[i]=u*w[i]^2 for i in 1..n; L=sum(h[i]^2 for i in 1..n)"
    out = backprop("diff", "-e", text, "--order", str(order), "--wrt", "w").out.splitlines()
    found = [line for line in out if line.startswith("d")]
    assert found == lines if order == 2 else {*lines} <= {*found}
    assert all(line.startswith(f"d{order}L_dw{order}") for line in found if " = 0 " in line)
    again = library.parse("\n".join(out))
    for one in range(1, 4):
        for other in range(1, 4):
            rest = ",".join([str(other)] * (order - 1))
            value = again.grad(of=f"d{order}L_dw{order}[{one},{rest}]").value
            with mp.workprec(200):
                exact = mp.diff(lambda w: (2 * w**2) ** 2, mp.cos(one), order)
            assert value == pytest.approx(float(exact) if one == other else 0.0, rel=1e-12)
