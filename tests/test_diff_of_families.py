"""Derivatives of indexed equations as indexed equations."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import backprop as library
from backprop import derived_formulas
from backprop.indexed_derivatives import DiffRequest, with_indices
from backprop.inputs import Inputs
from backprop.report.derivative_report import DerivativeReport
from backprop.reports.formulas.formula_text import write
from backprop.reports.style import Style
from derived_again import compare_families as compare
from derived_again import compare_second
from indexed_models import random_indexed
from running import backprop
from truth import mp


def looped(text: str, of: str, shape: str | None = "steps") -> DerivativeReport | None:
    """The derivatives as equations with indices, if there are some."""
    found = derived_formulas.diff(Inputs(expressions=[text], of=[of]), DiffRequest(shape=shape))
    return found if any(each.behind for each in found.equations) else None


CASES = [
    ("n=5; a=2;b=0.5; x[i]=i/3 for i in 1..n; y[i]=2*i for i in 1..5; L=sum((y[i]-a*x[i]-b)^2 for i in 1..n)",
     ["dL_da = -2*sum(x[i]*(y[i] - a*x[i] - b) for i in 1..n)", "dL_db = -2*sum(y[i] - a*x[i] - b for i in 1..n)",
      "dL_dx[i] = -2*a*(y[i] - a*x[i] - b) for i in 1..n", "dL_dy[i] = 2*(y[i] - a*x[i] - b) for i in 1..5"]),
    ("n=4; m=3; w[i,k]=sin(i*k) for i in 1..n, k in 1..m; x[k]=0.3*k for k in 1..m; h[i]=exp(sum(w[i,k]*x[k] for k in 1..m)) for i in 1..n; L=mean(h[i]^2 for i in 1..n)",
     ["dL_dh[i] = 2*h[i]/n for i in 1..n", "dL_dw[i,k] = h[i]*x[k]*dL_dh[i] for i in 1..n, k in 1..m", "dL_dx[k] = sum(h[i]*w[i,k]*dL_dh[i] for i in 1..n) for k in 1..m"]),
    ("n=6; r=1.7; x[0]=0.3; x[t+1]=r*x[t]*(1-x[t]) for t in 0..n-1; L=x[n]^2 + mean(x[*])",
     ["dL_dx[n] = 2*x[n] + 1/(n + 1)", "dL_dr = sum(x[t]*(1 - x[t])*dL_dx[t+1] for t in 0..n-1)"]),
    ("n=6; k=3; x[i]=i^2/10 for i in 1..n; V=k*sum((x[i+1]-x[i])^2 for i in 1..n-1)/2",
     ["dV_dk = sum((x[i+1] - x[i])^2 for i in 1..n-1)/2", "dV_dx[1] = -k*(x[2] - x[1])", "dV_dx[i] = k*(2*x[i] - x[i-1] - x[i+1]) for i in 2..n-1", "dV_dx[n] = k*(x[n] - x[n-1])"]),
    ("n=5; A[i,j]=sin(i+j) for i in 1..n, j in 1..n; b[i]=i for i in 1..n; y[i]=b[i]-sum(A[i,j]*y[j] for j in 1..i-1) for i in 1..n; L=sum(y[i]^2 for i in 1..n)",
     ["dL_dA[i,j] = -y[j]*dL_dy[i] for i in 1..n, j in 1..n if j <= i - 1", "dL_dA[i,j] = 0 for i in 1..n, j in 1..n if j > i - 1", "dL_db[i] = dL_dy[i] for i in 1..n"]),
    ("n=5; x[i]=i*0.3-0.7 for i in 1..n; p[i]=exp(x[i]-logsumexp(x[*])) for i in 1..n; L=-log(p[2])", ["dL_dp[2] = -1/p[2]"]),
    ("n=5; x[i]=i*0.3-0.7 for i in 1..n; L=prod(x[i] for i in 1..n)+norm(x[*])+dot(x[*],x[*])", []),
    ("n=3; x[i]=0 for i in 1..n; L=norm(x[*])", []),
    ("n=3; x[i]=i-2 for i in 1..n; L=prod(x[i] for i in 1..n)", ["dL_dx[i] = prod(x[p] for p in 1..n if p != i) for i in 1..n"]),
    ("f(u,v)=u^2+v; n=4; c=2; x[i]=i for i in 1..n; z[i]=f(x[i],c) for i in 1..n; L=sum(z[i]*z[n+1-i] for i in 1..n)",
     ["dL_dc = sum(dL_dz[i] for i in 1..n)", "dL_dx[i] = 2*x[i]*dL_dz[i] for i in 1..n"]),
    ("n=6; const t[1]=1; const t[2]=2; const t[3]=1; al[g]=g/2 for g in 1..2; L=sum(al[t[i]]^2*i for i in 1..3)", ["dL_dal[g] = 2*sum(al[t[i]]*i for i in 1..3 if t[i] == g) for g in 1..2"]),
    ("n=4; w[k] ~ normal(0, 1) for k in 1..n; c=2 in 0..5; L=sum(tanh(c*w[k]) for k in 1..n)", ["dL_dc = sum(w[k]*sech(c*w[k])^2 for k in 1..n)"]),
    ("x[i,j]=i*j for i in 1..3, j in 1..4; L=sum(mean(x[i,j]^2 for j in 1..4) for i in 1..3)", ["dL_dx[i,j] = x[i,j]/2 for i in 1..3, j in 1..4"]),
    ("h[i]=w*x[i] for i in 1..n; w=2; n=3; x[i]=i for i in 1..n; const x[*]; L=sum(h[i]^2 for i in 1..n)",
     ["const x[*]", "dL_dh[i] = 2*h[i] for i in 1..n", "dL_dw = sum(x[i]*dL_dh[i] for i in 1..n)"]),
    ("n=7; m=3; g[i]=1+mod(i,3) for i in 1..n; y[i]=sin(i) for i in 1..n; c=1; const c, g[*], y[*]; al[k]=k/10 for k in 1..m; be=0.5; L=sum((y[i]-al[g[i]]-be*i/n)^2 for i in 1..n)",
     ["const g[*], y[*]", "dL_dal[k] = -2*sum(y[i] - al[g[i]] - be*i/n for i in 1..n if g[i] == k) for k in 1..m", "dL_dbe = -2*sum(i*(y[i] - al[g[i]] - be*i/n) for i in 1..n)/n"]),
    ("n=4; m=2; x[i,k]=sin(i*k) for i in 1..n, k in 1..m; t[i]=cos(i) for i in 1..n; const x[*], t[*]; w[k]=k/5 for k in 1..m; b=0.1; h[i]=tanh(sum(w[k]*x[i,k] for k in 1..m)+b) for i in 1..n; L=mean((h[i]-t[i])^2 for i in 1..n)",
     ["dL_dh[i] = 2*(h[i] - t[i])/n for i in 1..n"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "lines"), CASES, ids=lambda each: each[:40] if isinstance(each, str) else ""
)
def test_indexed_equations_stay_indexed(text: str, lines: list[str]) -> None:
    of = text.rsplit("; ", 1)[1].partition("=")[0]
    found = looped(text, of)
    assert found is not None
    written = write(found, Style()).splitlines()
    for line in lines:
        assert line in written, written
    assert compare(text, {}, found, of)


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("n=3; x[i]=i for i in 1..n; y=2; z=1; const x[n], z, y; L=sum(x[i]^2*y for i in 1..n)", "const x[n], y"),
        ("n=3; x[i]=i for i in 1..n; q[i]=2*i for i in 1..n; const x[2..], q[*]; a=3; L=sum(x[i]^2*a for i in 1..n)+x[n]", "const x[2..]"),
        ("a[1]=1; a[2]=2; b=4; const a[1], b, a[2]; c=3; L=c*a[1]*c", "const a[1], a[2]"),
        ("x[0]=1; x[t+1]=2*x[t] for t in 0..3; const x[0], q; r=2; q=1; L=r*x[4]+r^2", "const x[0]"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("shape", ["nested", "steps"])
def test_declarations_name_what_is_kept(text: str, declared: str, shape: str) -> None:
    out = backprop("diff", "-e", text, "--shape", shape).out
    assert [line for line in out.splitlines() if line.startswith("const")] == [declared]
    again, own = library.parse(out), library.parse(text)
    gradients, compared = own.grad(of="L").gradients, 0
    for name in own.inputs:
        label = f"dL_d{name.replace('[', '_').replace(']', '')}"
        if label in again.outputs:
            value = again.grad(of=label).value
            assert value == pytest.approx(gradients[name], rel=1e-14)
            compared += 1
    assert compared


def test_random_models_with_indices(request: pytest.FixtureRequest) -> None:
    """Those whose derivatives are equations with indices; the others are written member by member."""
    many, compared = 600 if request.config.getoption("--whole") else 14, 0
    for number in (175, *range(many)):
        text, numbers = random_indexed(number)
        model = library.parse(text)
        of = model.outputs[-1]
        if "[" in of or len(model.columns) > 1500:
            continue
        found = with_indices(model, numbers, [of], DiffRequest(shape="steps"))
        if found is not None and any(each.behind for each in found.equations):
            compared += compare(text, numbers, found, of)
    assert compared > 2 * many


NESTED = [
    ("h[i]=w*x[i] for i in 1..n; n=3; x[i]=i for i in 1..n; const x[*]; w=2; L=sum(h[i]^2 for i in 1..n)", ["dL_dw = 2*w*sum(x[i]^2 for i in 1..n)"]),
    ("L = sum((w[i]-1)^2 for i in 1..3)", ["dL_dw[i] = 2*(w[i] - 1) for i in 1..3"]),
    ("n=3; L = sum((a*x[i]-b)^2 for i in 1..n)", ["dL_dx[i] = 2*a*(a*x[i] - b) for i in 1..n"]),
    ("n=4; x[i]=i for i in 1..n; D[i,j]=(x[i]-x[j])^2 for i in 1..n, j in 1..n if i<j; L=sum(log(1+D[i,j]) for i in 1..n, j in 1..n if i<j)", []),
    ("n=3; x[i]=i for i in 1..n; f[i]=x[i]^2 for i in 1..n if mod(i,2)==1; L=sum(f[i]^2 for i in 1..n if mod(i,2)==1)", ["dL_dx[i] = 4*x[i]^3 for i in 1..n if mod(i, 2) == 1", "dL_dx[i] = 0 for i in 1..n if mod(i, 2) != 1"]),
    ("n=6; x[i]=i for i in 1..n; L=sum(x[i]^2 for i in 1..n..2)", []),
    ("n=4; x[i]=i for i in 1..n; L=mean(x[i]^2 for i in 1..n if i != 2)", []),
    ("n=4; x[i]=i for i in 1..n; L=prod(1+x[i]*x[j] for i in 1..n, j in 1..n if i<j)", []),
    ("n=3; x[k]=k for k in 1..n; w[k]=k/3 for k in 1..n; y[i]=sum(w[k]*x[k]^i for k in 1..n) for i in 1..2; L=sum(y[k]*w[k] for k in 1..2)", []),
    ("f(u,k)=sum(u^i/i for i in 1..k); n=3; x[i]=i/7 for i in 1..n; L=sum(f(x[i],i) for i in 1..n)", []),
    ("n=4; K=3; y[i]=1+mod(i,3) for i in 1..n; const y[*]; z[i,k]=sin(i*k) for i in 1..n, k in 1..K; L=mean(logsumexp(z[i,*])-z[i,y[i]] for i in 1..n)",
     ["dL_dz[i,k] = exp(z[i,k] - logsumexp(z[i,p] for p in 1..K))/n for i in 1..n, k in 1..K if y[i] != k"]),
    ("n=4; z[i]=i/5 for i in 1..n; p[i]=softmax(z[*],i) for i in 1..n; L=-log(p[2])+p[1]", []),
    ("n=3; v[i,j]=i-j/3 for i in 1..n, j in i+1..4; L=logsumexp(v[*,*])+sum(v[2,*])", []),
    ("n=3; v[i,j]=i-j/3 for i in 1..n, j in i..4; L=sum(norm(v[*,k])^3*k for k in 1..4)", []),
    ("S=2; q[i]=min(sum(S*k for k in p..5, p in 1..3) for p in 1..2) for i in 1..2; L=sum(q[i] for i in 1..2)", []),
    ("n=4; x[i]=i for i in 1..n; L=sum(x[i]*x[j] for i in 1..n, j in 1..n if i != j)", ["dL_dx[i] = 2*sum(x[j] for j in 1..n if i != j) for i in 1..n"]),
    ("n=3; x[i]=i for i in 1..n; L=sum(x[i]^2 for i in 1..n)^2", ["dL_dx[i] = 4*sum(x[p]^2 for p in 1..n)*x[i] for i in 1..n"]),
    ("const n=5; const k=2; const x[0]=0; const x[n]=3; x[i]=i^2/9 for i in 1..n-1; L=k*sum((x[i]-x[i-1])^2 for i in 1..n)/2", ["dL_dx[i] = k*(2*x[i] - x[i-1] - x[i+1]) for i in 1..n-1"]),
    ("s[i]=i/3 for i in 1..4; L=sum(s[i]*s[k]*k for i in 1..3, k in 2..4 if i < k)", ["dL_ds[1] = sum(s[k]*k for k in 2..4)", "dL_ds[4] = 4*sum(s[p] for p in 1..3)"]),
    ("c[i,j]=i+j/7 for i in 1..2, j in 1..2; L=sum(exp(sum(j/9 for j in 1..3 if j == i))/c[i,i] for i in 1..2)", []),
    ("R[i]=1-sum(g[i,j]*R[j] for j in 1..i-1) for i in 1..3; g[i,j]=i+j for i in 1..3, j in 1..3; Z[t]=g[2,t]*g[t,t] for t in 1..1; L=sum(R[i]^2 for i in 1..3)+Z[1]", []),
    ("R[i]=(2-sum(g[i,j]*R[j] for j in 1..i-1))/(6+g[i,i]) for i in 1..3; g[i,j]=i+j for i in 1..3, j in 1..3; Z[t]=g[2,t]*g[t,t] for t in 1..1; L=sum(R[i]^2 for i in 1..3)+Z[1]", []),
    ("u[0,i]=sin(i) for i in 0..4; u[t,0]=0 for t in 1..2; u[t,4]=1 for t in 1..2; u[t+1,i]=u[t,i-1]*u[t,i+1] for t in 0..1, i in 1..3; L=sum(u[*,*])", []),
]  # fmt: skip


RECURRENT = [
    ("n=6; r=1.7; x[0]=0.3; x[t+1]=r*x[t]*(1-x[t]) for t in 0..n-1; L=x[n]^2+mean(x[*])",
     ["dx_dx[0,0] = 1", "dx_dx[t,0] = r*(1 - 2*x[t-1])*dx_dx[t-1,0] for t in 1..n", "d2L_dx2[0,n] = 2*dx_dx[n,0]"]),
    ("n=5; m=4; k=0.1; u[0,i]=sin(i) for i in 0..n; const u[t,0]=0 for t in 1..m; const u[t,n]=0 for t in 1..m; u[t+1,i]=u[t,i]+k*(u[t,i-1]-2*u[t,i]+u[t,i+1])/(1+u[t,i]^2) for t in 0..m-1, i in 1..n-1; L=sum(u[m,i]^2 for i in 0..n)", []),
    ("n=5; h=0.2; q[0]=1; p[0]=0; q[t+1]=q[t]+h*p[t] for t in 0..n-1; p[t+1]=p[t]-h*sin(q[t+1]) for t in 0..n-1; L=(q[n]-0.5)^2+p[n]^4", ["dq_dq[t,0] = h*dp_dq[t-1,0] + dq_dq[t-1,0] for t in 1..n", "d2L_dp2[0,n] = 12*p[n]^2*dp_dp[n,0]"]),
    ("n=4; a=0.5; x[n]=0.7; x[t]=a*x[t+1]^2+t for t in 0..n-1; L=log(x[0])", []),
    ("n=5; x[0]=0.2; x[1]=0.4; x[t]=sin(x[t-1])*x[t-2]+0.1 for t in 2..n; L=sum(x[t]^3 for t in 0..n)", []),
]  # fmt: skip


FIRST = [RECURRENT[0], pytest.param(*RECURRENT[1], marks=pytest.mark.whole), *RECURRENT[2:]]
"""That of a grid takes fifteen seconds, and is compared with `hessian` below."""


@pytest.mark.parametrize(("text", "lines"), FIRST, ids=lambda each: each[:40] if isinstance(each, str) else "")  # fmt: skip
def test_second_derivatives_by_the_first_members_of_recurrences(
    text: str, lines: list[str]
) -> None:
    found = with_indices(library.parse(text), {}, ["L"], DiffRequest(order=2))
    assert found is not None
    written = write(found, Style()).splitlines()
    for line in lines:
        assert line in written, written


CALLED = [
    "n=3; q[i]=i/3 for i in 1..n; L=sum(q[q]^2 for q in 1..n)",
    "n=3; q[i]=i/3 for i in 1..n; h[q]=q*q[q] for q in 1..n; L=sum(h[q]*q[q] for q in 1..n)",
    "n=3; q[i]=i/2 for i in 0..n; K[i]=mean(min(q[*]) for q in 1..n) for i in 1..2*n; L=sum(K[i]^2 for i in 1..2*n)",
    "n=3; q[i]=i/2 for i in 1..n; h[i]=sum(sum(q[i]*q for q in 1..i) for i in 1..n)*q[i] for i in 1..n; L=sum(h[h]^2 for h in 1..n)",
    "n=3; L=sum(x[x]^2*x for x in 1..n)",
]  # fmt: skip


@pytest.mark.parametrize("text", CALLED)
@pytest.mark.parametrize("shape", ["nested", "steps"])
def test_indices_that_are_called_as_families(text: str, shape: str) -> None:
    numbers = numbers_of(text)
    shape = "steps" if "min(" in text else shape
    found = with_indices(library.parse(text), numbers, ["L"], DiffRequest(shape=shape))
    assert found is not None
    assert compare(text, numbers, found, "L") == 3 + ("0..n" in text)


MEMBERS = [
    ("n=6; r=1.7; x[0]=0.3; x[t+1]=r*x[t]*(1-x[t]) for t in 0..n-1", "x[6]"), ("n=6; r=1.7; x[0]=0.3; x[t+1]=r*x[t]*(1-x[t]) for t in 0..n-1", "x[3]"),
    ("n=5; m=3; w[k]=k/3 for k in 1..m; b=0.1; x[i,k]=sin(i*k) for i in 1..n, k in 1..m; h[i]=tanh(sum(w[k]*x[i,k] for k in 1..m)+b) for i in 1..n", "h[3]"),
    ("n=3; w[i]=i for i in 1..n; L[k]=sum(w[i]^k for i in 1..n) for k in 1..2", "L[2]"),
    ("n=5; m=4; k=0.1; u[0,i]=sin(i) for i in 0..n; u[t,0]=0 for t in 1..m; u[t,n]=0 for t in 1..m; u[t+1,i]=u[t,i]+k*(u[t,i-1]-2*u[t,i]+u[t,i+1]) for t in 0..m-1, i in 1..n-1", "u[4,2]"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "of"), MEMBERS)
@pytest.mark.parametrize("shape", ["nested", "steps"])
def test_of_members(text: str, of: str, shape: str) -> None:
    found = with_indices(library.parse(text), {}, [of], DiffRequest(shape=shape))
    if found is None:
        assert shape == "nested"
        return
    assert compare(text, {}, found, of)
    made = library.parse(text).diff(of=of, shape=shape)
    assert f"\\partial {of[0]}_{{{of[2:-1]}}}" in made.latex


def test_a_third_derivative_of_a_recurrence() -> None:
    """Each step of it once: `dx_dr`, not `dx_dr_` besides."""
    text = "n=6; r=1.7; x[0]=0.3; x[t+1]=r*x[t]*(1-x[t]) for t in 0..n-1; L=x[n]^2"
    ran = backprop("diff", "-e", text, "--order", "3", "--wrt", "r")

    def value(r: Any) -> Any:
        x = mp.mpf(0.3)
        for _ in range(6):
            x = r * x * (1 - x)
        return x**2

    names = [line.partition("[")[0].partition(" ")[0] for line in ran.out.splitlines()]
    assert "d2x_dr2" in names
    assert not [name for name in names if name.endswith("_")]
    with mp.workprec(300):
        wanted = float(mp.diff(value, mp.mpf(1.7), 3))
    assert library.parse(ran.out).grad(of="d3L_dr3").value == pytest.approx(wanted, rel=1e-12)


def output_of(text: str) -> str:
    return text.rsplit(";", 1)[-1].partition("=")[0].strip()


@pytest.mark.parametrize(("text", "lines"), NESTED, ids=lambda each: each[:40] if isinstance(each, str) else "")  # fmt: skip
@pytest.mark.parametrize("shape", ["nested", "steps"])
def test_in_every_shape(text: str, lines: list[str], shape: str) -> None:
    of, numbers = output_of(text), numbers_of(text)
    found = with_indices(library.parse(text), numbers, [of], DiffRequest(shape=shape))
    if found is None:  # written member by member
        assert not lines
        return
    if shape == "nested":
        for line in lines:
            assert line in write(found, Style()).splitlines()
    assert compare(text, numbers, found, of)


def numbers_of(text: str) -> dict[str, float]:
    """Numbers for the inputs that have none."""
    model = library.parse(text)
    names = [name for name in model.inputs if name not in model.defaults]
    return {name: 0.3 + 0.17 * at for at, name in enumerate(names)}


CHOSEN = [
    ("n=4; a[i]=mod(3*i,5) for i in 1..n; L=max(a[*])-2*min(a[*])", "nothing is the same"),
    ("n=4; a[i]=mod(i,2) for i in 1..n; L=max(a[*])-2*min(a[*])", "several are largest"),
    ("n=5; K=2; x[i]=sin(i) for i in 1..n; mu[k]=k-1.5 for k in 1..K; L=sum(min((x[i]-mu[k])^2 for k in 1..K) for i in 1..n)", "k means"),
    ("n=4; x[i]=i for i in 1..n; w[i]=2-i/3 for i in 1..n; m[i]=max(x[k]*w[i] for k in 1..n if k != i) for i in 1..n; L=sum(m[i]^2 for i in 1..n)", "with a condition"),
    ("n=3; m=4; a[i,j]=sin(i*j) for i in 1..n, j in 1..m; L=max(a[*,*])", "of a table"),
    ("n=6; a[i]=mod(i,3) for i in 1..n; L=max(a[i]^2 for i in [1,2,5])-3*min(a[i] for i in [2,3,6])", "of a list"),
    ("n=6; a[i]=mod(i,3) for i in 1..n; L=max(a[i]^2 for i in [5,4,2])-3*min(a[i]*b[k] for k in [2,1], i in [6,3,4]); b[k]=k for k in 1..2", "of lists in any order"),
    ("n=3; m=4; a[i,j]=mod(i*j,3) for i in 1..n, j in 1..m; L=max(a[i,j]^2 for i in 1..n, j in 1..m if i != j)-min(a[*,*])", "several of a table"),
    ("n=3; m=4; a[i,j]=mod(i+j,3) for i in 1..n, j in 0..m; L=max(a[i,j] for i in 1..n, j in i..m)", "of a triangle"),
    ("n=4; a[i,j]=mod(i*j,5) for i in 1..n, j in 0..n; L=max(a[i,j]/3 for i in 2..n, j in i-1..n..2)", "of a triangle with gaps"),
    ("n=7; a[i]=mod(i,3) for i in 1..n; L=max(a[i] for i in n..1..-2)*max(a[i] for i in 2..n..3)", "with steps"),
    ("n=3; a[i,j,k]=mod(i*j*k,5) for i in 1..n, j in 1..2, k in 0..2; L=max(a[*,*,*])", "of three indices"),
    ("n=4; x[i]=sin(i) for i in 1..n; b[i]=max((x[max(q-1,3)]-(-0.8)/(1+(-0.9)^2))/2 for p in 1..2, q in 1..4) for i in 1..3; L=sum(b[i]^2 for i in 1..3)", "whose formula is written otherwise"),
]  # fmt: skip


@pytest.mark.parametrize("text", [text for text, _ in CHOSEN], ids=[said for _, said in CHOSEN])
def test_of_the_largest(text: str) -> None:
    """The first of those that are the largest, as `max(max(a, b), c)` has it."""
    found = with_indices(library.parse(text), {}, ["L"], DiffRequest())
    assert found is not None
    assert compare(text, {}, found, "L")


@pytest.mark.parametrize(
    "text", [text for text, *_ in [*CASES, *NESTED, *RECURRENT, *CHOSEN[:1], *CHOSEN[2:5]] if "u[0,i]=sin(i) for i in 0..4" not in text and "x[i]=0" not in text]
)  # fmt: skip
@pytest.mark.parametrize("shape", ["nested", "steps"])
@pytest.mark.one_in(4)
def test_second_derivatives_are_those_of_hessian(text: str, shape: str) -> None:
    of, numbers = output_of(text), numbers_of(text)
    found = with_indices(library.parse(text), numbers, [of], DiffRequest(order=2, shape=shape))
    if found is None:
        assert shape == "nested" or text not in dict(RECURRENT)
        return
    assert compare_second(text, numbers, found, of)


def test_second_derivatives_by_names() -> None:
    text = "n=3; x[i]=i for i in 1..n; const x[*]; a=2; b=1; h[i]=tanh(a*x[i]+b) for i in 1..n; L=mean(h[i]^2 for i in 1..n)"
    out = backprop("diff", "-e", text, "--wrt", "a, b", "--shape", "steps").out
    assert "dL_da = " in out
    mixed = backprop("diff", "-e", text, "--wrt", "a, b", "--order", "2", "--shape", "steps").out
    lines = {line.partition(" = ")[0] for line in mixed.splitlines() if " = " in line}
    assert {"dL_dh[i]", "dh_da[i]", "d2L_da_dh[i]", "d2L_da_db"} >= {
        line for line in lines if line.startswith("d")
    }
    assert "d2L_da_db" in lines
    third = backprop("diff", "-e", text, "--wrt", "b", "--order", "3")
    assert third.status == 0
    model, step = library.parse(text), 1e-4
    values = [model.hessian(b=1 + step * sign, wrt=["b"]).matrix[0][0] for sign in (-1, 1)]
    again = library.parse(third.out)
    found = again.grad(of="d3L_db3").value
    assert found == pytest.approx((values[1] - values[0]) / (2 * step), rel=1e-5)
    assert " for i in 1..n" in third.out


@pytest.mark.parametrize(
    ("text", "asked", "lines"),
    [
        ("n=3; x[i]=i for i in 1..n; w=2; L=sum(w*x[i]^2 for i in 1..n)^2", ["--wrt", "x[2]"], {"dL_dx[2]": "4*w^2*sum(x[p]^2 for p in 1..n)*x[2]"}),
        ("n=3; x[i]=i for i in 1..n; w=2; L=sum(w*x[i]^2 for i in 1..n)^2", ["--wrt", "x[3], x[1]"], {"dL_dx[3]": "", "dL_dx[1]": ""}),
        ("n=4; x[i]=i for i in 1..n; L=sum((x[i+1]-x[i])^2 for i in 1..n-1)", ["--wrt", "x[1], x[2], x[4]"], {"dL_dx[1]": "", "dL_dx[2]": "2*(2*x[2] - x[1] - x[3])"}),
        ("n=3; x[i]=i for i in 1..n; w=2; L=sum(w*x[i]^2 for i in 1..n)^2", ["--wrt", "x[1], x[2]", "--order", "2"], {"d2L_dx2[1,2]": "8*w^2*x[1]*x[2]"}),
        ("n=3; x[i]=i for i in 1..n; w=2; L=sum(w*x[i]^2 for i in 1..n)^2", ["--wrt", "x[1]", "--order", "2"], {"d2L_dx2[1,1]": ""}),
        ("n=6; r=1.7; x[0]=0.3; x[t+1]=r*x[t]*(1-x[t]) for t in 0..n-1; L=x[n]^2", ["--wrt", "x[0]"], {"dL_dx[t]": "r*(1 - 2*x[t])*dL_dx[t+1] for t in 0..n-1", "dL_dx[n]": "2*x[n]"}),
        ("n=4; x[i]=i/5 for i in 1..n; p[i]=exp(x[i]-logsumexp(x[*])) for i in 1..n; L=-log(p[2])+p[1]+p[3]*p[4]", ["--wrt", "x[1]", "--shape", "steps"], {"dL_dp[2]": "-1/p[2]"}),
        ("n=4; x[i]=i/5 for i in 1..n; w=2; L=sum(w*x[i]^2 for i in 1..n)^2", ["--wrt", "x[2..3]"], {"dL_dx[2]": "4*w^2*sum(x[p]^2 for p in 1..n)*x[2]", "dL_dx[3]": ""}),
        ("n=4; m=2; w[i,k]=i*k for i in 1..n, k in 1..m; L=sum(sum(w[i,k] for k in 1..m)^2 for i in 1..n)", ["--wrt", "w[2,*]"], {"dL_dw[2,k]": "2*sum(w[2,p] for p in 1..m) for k in 1..m"}),
    ],
)  # fmt: skip
def test_by_some_members(text: str, asked: list[str], lines: dict[str, str]) -> None:
    out = backprop("diff", "-e", text, *asked).out
    written = dict(line.split(" = ", 1) for line in out.splitlines() if line.startswith("d"))
    for name, formula in lines.items():
        assert written[name] == (formula or written[name])
    again, model = library.parse(out), library.parse(text)
    hessian, gradients = model.hessian(of="L"), model.grad(of="L").gradients
    compared = 0
    for name in [each for each in again.names if each.startswith("d")]:
        indices = name.partition("[")[2].rstrip("]")
        value = again.grad(of=name).value
        if name.startswith("d2"):
            one, other = (hessian.inputs.index(f"x[{each}]") for each in indices.split(","))
            assert value == pytest.approx(hessian.matrix[one][other], rel=1e-12)
        elif f"{name[4]}[{indices}]" in gradients:
            assert value == pytest.approx(gradients[f"{name[4]}[{indices}]"], rel=1e-12)
        else:
            continue  # by a step on the way
        compared += 1
    assert compared


def test_second_derivatives_of_random_models(request: pytest.FixtureRequest) -> None:
    """They can be read again, in an order that there is; those that cannot are written member by member."""
    numbers = [50, 59, *range(120 if request.config.getoption("--whole") else 3)]
    readable = compared = 0
    for number in numbers:
        text, given = random_indexed(number)
        model = library.parse(text)
        of = model.outputs[-1]
        if "[" in of or len(model.columns) > 400 or len(model.inputs) > 25:
            continue
        found = with_indices(model, given, [of], DiffRequest(order=2, shape="steps"))
        if found is None:
            continue
        readable += 1
        compared += compare_second(text, given, found, of)
    assert readable
    assert compared > 10 * readable


SIZES = [
    ("n=6; x[i]=i for i in 1..n; L=sum(x[i]^2 for i in 1..n if i < 10)", "n = 6"),
    ("n=16; x[i]=i for i in 1..n; L=sum(x[i]^2 for i in 1..n if i < 10)", ""),
    ("n=6; x[i]=i for i in 1..n; L=sum(x[i]^2 for i in 1..n if 2*i <= n)", ""),
    ("n=6; m=4; x[i]=i for i in 1..n; L=sum(x[i]^2*x[m]^3 for i in 1..m)", ""),
    ("n=2; m=1; k=0.1; u[0,i]=sin(i) for i in 0..n; u[t,0]=0 for t in 1..m; u[t,n]=0 for t in 1..m; u[t+1,i]=u[t,i]+k*(u[t,i-1]-2*u[t,i]+u[t,i+1]) for t in 0..m-1, i in 1..n-1; L=sum(u[m,i]^2 for i in 0..n)", "n = 2, m = 1"),
    ("n=4; x[i]=i for i in 1..n; D[i,j]=(x[i]-x[j])^2 for i in 1..n, j in 1..n if i<j; L=sum(log(1+D[i,j]) for i in 1..n, j in 1..n if i<j)", ""),
    ("n=3; x[i]=i for i in 1..n; L=sum(x[i]*x[5-i] for i in 2..n)", "n = 3"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "limit"), SIZES)
def test_what_is_only_for_the_files_sizes_says_so(text: str, limit: str) -> None:
    """Else the text with larger sizes has the same derivatives."""
    ran = backprop("diff", "-e", text)
    assert ran.out.splitlines()[0] == (f"# for {limit} only" if limit else text.partition(";")[0])
    assert (f"for {limit} only" in ran.err) if limit else ("only" not in ran.err)

    def equations(out: str) -> list[str]:
        return [line for line in out.splitlines() if line.startswith("d")]

    sizes = [*re.findall(r"--set \"(.*)\"", ran.err), text.partition(";")[0].replace("6", "8")]
    if limit == "n = 3":  # larger ones have no members to read
        assert not sizes[:-1]
        return
    larger = backprop("diff", "-e", text, "--set", sizes[0])
    assert larger.status == 0
    assert (equations(larger.out) == equations(ran.out)) == (not limit)
    assert "only" not in larger.err


def test_an_index_that_is_called_as_an_input() -> None:
    text = "k=2; n=3; x[i]=i for i in 1..n; h[i]=k*x[i] for i in 1..n; L=sum(h[k]^2 for k in 1..n)"
    again = library.parse(backprop("diff", "-e", text).out)
    assert again.grad(of="dL_dk").value == 2 * 2 * (1 + 4 + 9)


def test_the_result_can_be_computed_in_large() -> None:
    """A million rows: read, derived and written without a row of its own for any."""
    text = "n = 1000000; a = 2; x[i] = sin(i) for i in 1..n; L = mean((a*x[i] - 1)^2 for i in 1..n)"
    out = backprop("diff", "-e", text, "--wrt", "a")
    assert out.out.splitlines()[-1] == "dL_da = 2*sum(x[i]*(a*x[i] - 1) for i in 1..n)/n"
    again = backprop("grad", "-e", out.out, "--of", "dL_da", "--only", "dL_da")
    own = backprop("grad", "-e", text, "--only", "a", "--format", "json")
    assert again.status == own.status == 0
    gradient = json.loads(own.out)["gradients"]["a"]
    assert float(again.out.split()[2]) == pytest.approx(gradient, rel=1e-9)


def test_pretty_and_latex_name_members() -> None:
    text = "n=3; x[k]=k for k in 1..n; w=1; h[k]=tanh(w*x[k]) for k in 1..n; L=sum(h[k]^2 for k in 1..n)"
    pretty = backprop("diff", "-e", text, "--wrt", "w", "--pretty", "--shape", "steps").out
    assert pretty.splitlines() == [
        "∂L/∂h[k] = 2·h[k]  for k in 1..n",
        "∂L/∂w = sum(x[k]·(1 − h[k]^2)·(∂L/∂h[k]) for k in 1..n)",
    ]
    latex = backprop("diff", "-e", text, "--wrt", "w", "--format", "latex").out
    assert r"\sum_{k = 1}^{n}" in latex
    assert r"x_{k} \tanh(w x_{k})" in latex
