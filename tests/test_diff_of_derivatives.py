"""Derivatives of texts that have derivatives in them, `derivative(s[i], s[i-3])`: they stay indexed, with an
equation for each distance, and have the numbers of `grad`."""

from __future__ import annotations

import random

import pytest

import backprop as library
from backprop.indexed_derivatives import DiffRequest, with_indices
from backprop.report.derivative_report import DerivativeReport
from backprop.reports.formulas.formula_text import write
from backprop.reports.style import Style
from derived_again import EPSILON
from running import backprop
from test_sensitivities import text_of


def compare(text: str, found: DerivativeReport) -> int:
    """The derivatives by inputs, written and read again, beside those of `grad`: to 1e-12 times one and their
    condition. Those by members on the way depend on how the derivatives are computed."""
    whole, model = library.parse(write(found, Style())), library.parse(text)
    wanted, compared = model.grad(of="L").gradients, 0
    families = {
        each.wrt[0].partition("[")[0]: each.name.partition("[")[0]
        for each in found.equations
        if each.name in found.asked
    }
    for name in wanted.keys() & {*model.inputs}:
        family, bracket, rest = name.partition("[")
        if family not in families:
            continue
        label = f"{families[family]}{bracket}{rest}"
        if not whole.is_equation(label):
            assert whole.default(label) == wanted[name]
        else:
            own = whole.grad(of=label)
            moved = sum(abs(slope * own.data[each]) for each, slope in own.gradients.items())
            slack = max(1e-12 * abs(wanted[name]), 4 * EPSILON * moved)
            assert abs(own.value - wanted[name]) <= slack, (label, own.value, wanted[name], text)
        compared += 1
    return compared


def derived(text: str) -> list[str]:
    """The lines of the derivatives, whose numbers are those of `grad`."""
    found = with_indices(library.parse(text), {}, ["L"], DiffRequest(shape="steps"))
    assert found is not None
    assert compare(text, found)
    return write(found, Style()).splitlines()


BACK = "r=0.9; s[0]=0.5; s[1]=0.4; s[2]=0.3; s[i]=r*sin(s[i-1])+0.1*s[i-3]^2 for i in 3..n"
LAYERS = "m=3; w[k,j]=sin(k*j)/3 for k in 1..m, j in 1..m; h[0,k]=k/3 for k in 1..m; h[t,k]=tanh(sum(w[k,j]*h[t-1,j] for j in 1..m)) for t in 1..n, k in 1..m"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"n=8; {BACK}; y[i]=derivative(s[i],s[i-3]) for i in 3..n; L=sum(y[i]^2 for i in 3..n)",
         ["ds_ds[i,i-1] = r*cos(s[i-1]) for i in 3..n", "ds_ds[i,i-2] = r*cos(s[i-1])*ds_ds[i-1,i-2] for i in 3..n", "ds_ds[i,i-3] = r*cos(s[i-1])*ds_ds[i-1,i-3] + 0.2*s[i-3] for i in 3..n",
          "dL_dds_ds[i,i-3] = dL_dy[i] for i in 3..n"]),
        (f"n=8; {BACK}; L=derivative(s[n],s[4])^2",
         ["ds_ds[4,4] = r*cos(s[3])*ds_ds[3,4] + 0.2*s[1]*ds_ds[1,4] + 1", "ds_ds[i,4] = r*cos(s[i-1])*ds_ds[i-1,4] + 0.2*s[i-3]*ds_ds[i-3,4] for i in 5..n"]),
        (f"n=7; {BACK}; y[i]=derivative(s[i],s[i-1])+derivative(s[i],s[i-2]) for i in 2..n; L=sum(y[i]^2 for i in 3..n)+y[2]", ["ds_ds[i,i-1] = r*cos(s[i-1]) for i in 3..n"]),
        (f"n=7; {LAYERS}; L=sum(derivative(h[t,k],h[t-1,j])^2 for t in 1..n, k in 1..m, j in 1..m)", []),
        (f"n=7; {LAYERS}; L=sum(derivative(h[t,k],h[t-2,j])^2 for t in 2..n, k in 1..m, j in 1..m)",
         ["dh_dh[t,k,t-1,p] = sech(sum(w[k,j]*h[t-1,j] for j in 1..m))^2*w[k,p] for t in 1..n, k in 1..m, p in 1..m"]),
        ("n=6; x[i]=i/3 for i in 0..n; a=2; y[i]=a*x[i]*x[i-1] for i in 1..n; L=sum(derivative(y[i],x[i-1])^2 for i in 1..n)", ["dy_dx[i,i-1] = a*x[i] for i in 1..n"]),
        ("n=5; w=0.7; u=0.3; s[0]=0.5; s[i]=sin(w*s[i-1]+u) for i in 1..n; d[i]=derivative(s[i],w) for i in 1..n; e[i]=derivative(d[i]*w, u) for i in 1..n; L=sum(e[i]^2 for i in 1..n)", []),
        ("n=5; w=0.7; s[0]=0.5; s[i]=sin(w*s[i-1]) for i in 1..n; d[i]=derivative(w*s[i]^2+sum(s[j] for j in 1..i), w) for i in 1..n; L=sum(d[i]^2 for i in 1..n)", []),
        ("n=5; x[i]=i/3 for i in 1..n; w=2; d[i]=derivative(w*x[i]^3+x[1], x[i]) for i in 1..n; L=sum(d[i]^2 for i in 1..n)", []),
        ("n=5; w=0.7; s[0]=0.5; s[i]=sin(w*s[i-1]) for i in 1..n; d[i]=derivative(exp(s[i])*w, s[i-2]) for i in 2..n; L=sum(d[i]^2 for i in 2..n)", []),
    ],
)  # fmt: skip
def test_of_members_a_fixed_way_apart(text: str, lines: list[str]) -> None:
    found = derived(text)
    for line in lines:
        assert line in found, found


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("n=7; dt=0.1; k=1.3; q0=0.5; p0=0.2; q[0]=q0; p[0]=p0; H(a,b)=b^2/2+k*(1-cos(a)); p[t+1]=p[t]-dt*derivative(H(q[t],p[t]),q[t]) for t in 0..n-1; q[t+1]=q[t]+dt*derivative(H(q[t],p[t+1]),p[t+1]) for t in 0..n-1; L=q[n]^2+p[3]*q[2]", ["dL_dq[t] = dL_dq[t+1] - dt*k*cos(q[t])*dL_dp[t+1] for t in 3..n-1"]),
        ("n=7; dt=0.1; k=1.3; q0=0.5; p0=0.2; q[0]=q0; p[0]=p0; H(a,b)=b^2/2*a+k*(1-cos(a)); p[t+1]=p[t]-dt*derivative(H(q[t],p[t]),q[t]) for t in 0..n-1; q[t+1]=q[t]+dt*derivative(H(q[t],p[t]),p[t]) for t in 0..n-1; L=q[n]^2+p[n]", ["dL_dq[t] = (1 + dt*p[t])*dL_dq[t+1] - dt*k*cos(q[t])*dL_dp[t+1] for t in 0..n-1"]),
        ("n=7; dt=0.1; k=1.3; q0=0.5; p0=0.2; q[0]=q0; p[0]=p0; p[t+1]=p[t]-dt*derivative(p[t]^2*q[t],q[t]) for t in 0..n-1; q[t+1]=q[t]+dt*derivative(q[t]^2*p[t+1]+p[t+1]^3,q[t]) for t in 0..n-1; L=q[n]^2+p[n]", []),
        ("n=7; dt=0.1; k=1.3; q0=0.5; p0=0.2; q[0]=q0; p[0]=p0; V(a)=k*a^4/4; v[0]=p0; h[t]=v[t]-dt/2*derivative(V(q[t]),q[t]) for t in 0..n-1; q[t+1]=q[t]+dt*h[t] for t in 0..n-1; v[t+1]=h[t]-dt/2*derivative(V(q[t+1]),q[t+1]) for t in 0..n-1; L=v[n]*q[n]", []),
        ("n=4; m=3; dt=0.1; G=1.1; x[0,i]=i/3+i^2/7 for i in 1..m; v[0,i]=sin(i) for i in 1..m; U[t]=sum(-G/sqrt((x[t,i]-x[t,j])^2+0.1) for i in 1..m, j in 1..m if i<j) for t in 0..n; v[t+1,i]=v[t,i]-dt*derivative(U[t],x[t,i]) for t in 0..n-1, i in 1..m; x[t+1,i]=x[t,i]+dt*v[t+1,i] for t in 0..n-1, i in 1..m; L=sum(x[n,i]^2 for i in 1..m)", []),
        ("n=4; m=3; dt=0.1; G=1.1; x[0,i]=i/3+i^2/7 for i in 0..m+1; x[t+1,i]=x[t,i]-dt*derivative(sum(G*(x[t,p+1]-x[t,p])^4 for p in 0..m),x[t,i]) for t in 0..n-1, i in 1..m; x[t,0]=0 for t in 1..n; x[t,m+1]=1 for t in 1..n; L=sum(x[n,i]^2 for i in 1..m)", ["dL_dG = -4*dt*sum(((x[t,i] - x[t,i-1])^3 - (x[t,i+1] - x[t,i])^3)*dL_dx[t+1,i] for t in 0..n-1, i in 1..m)"]),
        ("n=6; q[n]=0.4; q[n-t]=q[n-t+1]-0.1*derivative(cos(q[n-t+1])*b,q[n-t+1]) for t in 1..n; b=0.7; L=q[0]^2", []),
        ("n=7; dt=0.1; k=1.3; q0=0.5; p0=0.2; q[0]=q0; p[0]=p0; p[t+1]=p[t]-dt*derivative(derivative(k*sin(q[t])*q[t],q[t]),q[t]) for t in 0..n-1; q[t+1]=q[t]+dt*p[t+1] for t in 0..n-1; L=q[n]^2", []),
        ("n=4; m=3; x[0,i]=i/3 for i in 1..m; c[t]=mean(x[t,i] for i in 1..m) for t in 0..n; x[t+1,i]=x[t,i]-0.1*derivative((x[t,i]-c[t])^4,x[t,i]) for t in 0..n-1, i in 1..m; L=sum(x[n,i]^2 for i in 1..m)", []),
    ],
)  # fmt: skip
def test_of_energies_in_what_they_move(text: str, lines: list[str]) -> None:
    """`p[t+1] = p[t] - dt*derivative(H(q[t], p[t]), q[t])`: the derivative is needed to know how q moves,
    and nothing of that moves at the time at which it is taken."""
    found = derived(text)
    for line in lines:
        assert line in found, found


def test_what_moves_with_itself_says_why_it_is_unrolled() -> None:
    text = "n=3; dt=0.1; q[0]=q0; q0=0.5; q[t+1]=q[t]-dt*derivative(q[0]*q[t]^2,q[0]) for t in 0..n-1; L=q[n]^2"
    run = backprop("diff", "-e", text)
    assert run.status == 0
    assert run.err.startswith("each member by itself: these indexed equations have no derivatives")


def test_a_motion_by_its_own_beginning_is_too_large_and_says_why() -> None:
    """The hundredth time has a hundredth derivative in it."""
    text = "n=100; dt=0.1; q[0]=q0; q0=0.5; q[t+1]=q[t]-dt*derivative(q[0]*q[t]^2,q[0]) for t in 0..n-1; L=q[n]^2"
    run = backprop("diff", "-e", text, "--max-nodes", "100000")
    assert run.status == 1
    assert "over 100,000 values" in run.err
    assert "each derivative here is one of those before it" in run.err


def test_a_motion_by_its_own_derivative_is_written_once_for_each_step() -> None:
    """What several steps take stands once: as long as there are steps, three times as many for each time."""
    lengths, steps = dict[int, int](), dict[int, int]()
    for n in (4, 5, 6, 7):
        text = f"x[0] = a; x[t+1] = sin(x[t]*a) + 0.1*derivative(x[t], a)^2 for t in 0..{n - 1}; L = x[{n}]"
        model = library.parse(text)
        found = str(model.diff(of="L"))
        lengths[n], steps[n] = len(found), len(model.graph("L").steps)
        own = library.parse(found).grad({"a": 0.7}, of="dL_da").value
        assert own == pytest.approx(model.grad({"a": 0.7}, of="L").gradients["a"], rel=1e-12)
    assert lengths[7] / steps[7] < 1.2 * lengths[4] / steps[4]


def test_equations_are_as_many_for_any_size() -> None:
    """And with large ones there are a few members for each time, not one for each pair."""
    text = (
        f"n=2000; {BACK}; y[i]=derivative(s[i],s[i-3]) for i in 3..n; L=sum(y[i]^2 for i in 3..n)"
    )
    out = backprop("diff", "-e", text, "--wrt", "r")
    assert out.status == 0
    assert "only" not in out.err
    own = library.parse(text).grad(of="L").gradients["r"]
    again = library.parse(out.out)
    assert len(again.names) < 14 * 2000
    assert again.grad(of="dL_dr").value == pytest.approx(own, rel=1e-10)
    small = backprop("diff", "-e", text.replace("2000", "12"), "--wrt", "r")
    assert small.out.splitlines()[1:] == out.out.splitlines()[1:]


def test_random_recurrences_with_derivatives(request: pytest.FixtureRequest) -> None:
    many = 200 if request.config.getoption("--whole") else 4
    indexed = compared = 0
    for seed in range(many):
        text = text_of(random.Random(seed))
        found = with_indices(library.parse(text), {}, ["L"], DiffRequest(shape="steps"))
        if found is not None:
            indexed += 1
            compared += compare(text, found)
    assert indexed > 0.8 * many
    assert compared > 5 * indexed


def test_derivatives_by_derivatives_are_written_as_what_they_are() -> None:
    text = f"n=8; {BACK}; y[i]=derivative(s[i],s[i-3]) for i in 3..n; L=sum(y[i]^2 for i in 3..n)"
    pretty = backprop("diff", "-e", text, "--wrt", "r", "--pretty").out
    assert "∂L/∂(∂s[i]/∂s[i-3]) = (∂L/∂y[i])  for i in 3..n" in pretty.splitlines()
    latex = backprop("diff", "-e", text, "--wrt", "r", "--format", "latex").out
    assert (
        r"\frac{\partial L}{\partial \left(\frac{\partial s_{i}}{\partial s_{i-3}}\right)}" in latex
    )
    assert "ds" not in latex.replace(r"\ldots", "")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (  # a derivative of what has one in it
            "z[i]=derivative(p*x[i]^2,x[i]) for i in 1..n; F[i]=derivative(z[i]^2,x[i]) for i in 1..n",
            ["dz_dx[i,i] = 2*p for i in 1..n"],
        ),
        (
            """z[i]=derivative(p*x[i]-x[i]^2,x[i]) for i in 1..n; \
F[i]=if(z[i]>q,derivative(1.5,p)-x[i],derivative(z[i]/(1.5+z[i]^2),x[i])) for i in 1..n""",
            [],
        ),
        (  # what does not depend on that, in two indices where its family has one
            """z[1]=q; z[t+1]=0.5*z[t]*p for t in 1..n-1; F[i]=z[i]*p*x[i] for i in 1..n; \
W=(q*derivative(z[1],F[2])+p)^2""",
            [],
        ),
        ("z[i]=p*x[i] for i in 1..n; F[i]=derivative(max(1.08,x[3]),z[i])*x[i] for i in 1..n", []),
    ],
)  # fmt: skip
def test_of_derivatives_in_derivatives(text: str, lines: list[str]) -> None:
    goal = "W*F[1]" if "W=" in text else "q"
    text = (
        f"n=4; p=0.7; q=0.4; x[i]=i/3 for i in 1..n; {text}; L=sum(F[i]*x[i] for i in 1..n)+{goal}"
    )
    found = with_indices(library.parse(text), {}, ["L"], DiffRequest(shape="steps"))
    assert found is not None
    assert compare(text, found) >= 5
    written = write(found, Style()).splitlines()
    assert {*lines} <= {*written}


@pytest.mark.parametrize(
    "body",
    [
        "derivative(a^2*x[1],x[1])",
        "derivative(a,x[1])*a+x[1]",
        "derivative(derivative(x[1]^2*a,x[1]),x[1])",
        "sum(derivative(x[1]^2*a*x[j],x[1]) for j in 1..2)",
        "derivative(a^2*x[1],x[1])+0*n",
    ],
)
def test_parameters_of_functions_stay_what_they_are(body: str) -> None:
    """In a derivative by what is no parameter: V moves with x[1], and a does not."""
    text = f"n=2; f(a)={body}; V=3*x[1]; x[i]=i for i in 1..n; L=f(V)+sum(x[i]^2 for i in 1..n)"
    model = library.parse(text)
    whole = library.parse(str(model.diff(of="L", shape="steps")))
    labels = [each for each in whole.names if each.startswith("dL_dx")]
    wanted = [model.grad(of="L").gradients[f"x[{i}]"] for i in (1, 2)]
    assert [whole.grad(of=each).value for each in labels] == pytest.approx(wanted, rel=1e-14)


def test_an_index_that_is_given_to_a_function_keeps_its_equation() -> None:
    text = "n=20; f(a)=derivative(a^2*x[a]^3,x[a]); x[i]=i for i in 1..n; L=sum(f(i)*x[i] for i in 1..n)"
    assert "dL_dx[i] = 9*i^2*x[i]^2 for i in 1..n" in derived(text)


CHAIN = "n = 6; k = 2; x[i] = i^1.2 for i in 1..n; V = k*sum((x[i+1] - x[i] - 1)^2 for i in 1..n-1)/2; F[i] = -derivative(V, x[i]) for i in 1..n"
BODIES = "n = 3; G = 1; m[i] = i for i in 1..n; x[i,k] = i*k + 0.1*i^2 for i in 1..n, k in 1..3; V = -G*sum(m[i]*m[j]/sqrt(sum((x[i,k] - x[j,k])^2 for k in 1..3)) for i in 1..n, j in 1..n if i < j); F[i,k] = -derivative(V, x[i,k]) for i in 1..n, k in 1..3"


@pytest.mark.parametrize(
    ("text", "of", "lines"),
    [
        (CHAIN, "F[1]", ["dF_1_dk = x[2] - x[1] - 1", "dF_1_dx[1] = -k", "dF_1_dx[2] = k", "dF_1_dx[i] = 0 for i in 3..n-1"]),
        (CHAIN, "F[3]", ["dF_3_dk = x[2] - 2*x[3] + x[4]", "dF_3_dx[2] = k", "dF_3_dx[3] = -2*k", "dF_3_dx[4] = k"]),
        (CHAIN, "F[6]", ["dF_6_dx[n] = -k"]),
        (BODIES, "F[1,1]", ["dF_1_1_dm[i] = -G*m[1]*(x[1,1] - x[i,1])/sum((x[1,s] - x[i,s])^2 for s in 1..3)^(3/2) for i in 2..n",
                            "dF_1_1_dx[i,k] = dF_1_1_dx_part1[i,k] + dF_1_1_dx_part2[i,k] for i in 1..n, k in 1..3"]),
        (BODIES, "F[2,3]", []),
        (BODIES.replace("i < j", "i != j"), "F[2,1]", []),
    ],
)  # fmt: skip
def test_one_force_has_only_what_moves_it(text: str, of: str, lines: list[str]) -> None:
    """Sums in it have one term where one counts, and adjoints that are numbers are put in."""
    out = backprop("diff", "-e", text, "--of", of).out
    assert [line for line in lines if line not in out.splitlines()] == [], out
    own, again = library.parse(text), library.parse(out)
    gradients, front = own.grad(of=of).gradients, f"d{of.translate({91: 95, 44: 95, 93: None})}_d"
    compared = [name for name in own.inputs if f"{front}{name}" in again.names]
    for name in compared:
        label = f"{front}{name}"
        value = again.grad(of=label).value if again.is_equation(label) else again.default(label)
        assert value == pytest.approx(gradients.get(name, 0), rel=1e-12, abs=1e-13), label
    assert len(compared) > 5


def test_a_derivative_that_the_text_has_and_does_not_need_leaves_its_name() -> None:
    out = backprop("diff", "-e", CHAIN, "--of", "V").out
    assert "dV_dx[i] = k*(2*x[i] - x[i-1] - x[i+1]) for i in 2..n-1" in out
    assert "dV_dx_" not in out
    needed = backprop("diff", "-e", f"{CHAIN}; W = V + sum(dV_dx[i] for i in 1..n); dV_dx[i] = x[i]^3 for i in 1..n", "--of", "V").out  # fmt: skip
    assert "dV_dx_[n] = k*(x[n] - x[n-1] - 1)" in needed
    stroke = backprop("diff", "-e", "x[i] = i for i in 1..3; x_[i] = i for i in 1..3; L = sum(x[i]*x_[i]^2 for i in 1..3)", "--wrt", "x_").out  # fmt: skip
    assert "dL_dx_[i] = 2*x[i]*x_[i] for i in 1..3" in stroke


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (CHAIN, "d2V_dx2[p,i] = 0 for p in 2..n-1, i in 1..n if abs(p - i) > 1"),
        ("n = 9; x[i] = sin(i) for i in 1..n; V = sum((x[i-1] - 2*x[i] + x[i+1])^3 for i in 2..n-1)",
         "d2V_dx2[p,i] = 0 for p in 3..n-2, i in 1..n if abs(p - i) > 2"),
    ],
)  # fmt: skip
def test_outside_a_band_is_one_condition(text: str, line: str) -> None:
    out = backprop("diff", "-e", text, "--of", "V", "--order", "2", "--wrt", "x").out
    assert line in out.splitlines(), out
    hessian, again = library.parse(text).hessian(of="V"), library.parse(out)
    places = {name: at for at, name in enumerate(hessian.inputs)}
    for one in range(1, 7):
        for other in range(1, 7):
            label = f"d2V_dx2[{one},{other}]"
            value = again.grad(of=label).value if again.is_equation(label) else again.default(label)
            right = hessian.matrix[places[f"x[{one}]"]][places[f"x[{other}]"]]
            assert value == pytest.approx(right, rel=1e-12, abs=1e-13), label
