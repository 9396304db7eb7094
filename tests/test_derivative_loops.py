"""`derivative(V, x[i])` in texts that are read as loops, against the same text unrolled and numbers by hand."""

from __future__ import annotations

import random
import re
from math import cos, isclose, sin

import numpy
import pytest

import backprop as library
from backprop.errors import BackpropError, UnexpectedText
from backprop.evaluation.gradient import by_loops, evaluate, gradient
from backprop.language.reading import read_carefully
from backprop.loops import loop_model, sequence
from backprop.loops.family import Family
from backprop.loops.loop_model import LoopModel
from backprop.loops.worth import read_model
from backprop.source import Source
from indexed_models import random_indexed
from looped import apart
from running import backprop, unrolled

GROUPS = 4


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small texts are loops, too."""
    monkeypatch.setattr(sequence, "THIN", 0)
    monkeypatch.setattr(loop_model, "FEW", -1)


FORCES = """
n = 6
x[i] = sin(i) for i in 0..n
V = sum((x[i+1] - x[i])^2 + cos(x[i]) for i in 0..n-1)
F[i] = -derivative(V, x[i]) for i in 1..n
L = sum(F[i]^2 for i in 1..n)
"""

TEXTS = [
    FORCES,
    "x[i] = i/3 for i in 1..5; f(t) = t^3 - 2; newton(t) = t - f(t)/derivative(f(t), t); y[i] = newton(newton(x[i])) for i in 1..5; L = sum(y[*])",
    "x[i] = i/3 for i in 1..5; a = 2; y[i] = derivative(a*x[i]^3 + x[i]*a^2, x[i]) for i in 1..5; L = sum(y[*])",
    "x[i] = i/3 for i in 1..5; a = 2; V = sum(a*x[i]^3 for i in 1..5); y = derivative(V, a); L = y^2",
    "x[i] = i/3 for i in 1..5; a = 2; w[i] = a*x[i]^2 for i in 1..5; V = sum(w[i]*w[j] for i in 1..5, j in 1..i); y[i] = derivative(V, w[i]) for i in 2..4; z = derivative(V, a); L = sum(y[*]) + z^2",
    "x[0] = 1; a = 3; x[t+1] = x[t] - (x[t]^2 - a)/derivative(x[t]^2 - a, x[t]) for t in 0..2; L = x[3]",
    "x[0] = 1; a = 3; g(t) = t^2 - a; x[t+1] = x[t] - g(x[t])/derivative(g(x[t]), x[t]) for t in 0..2; L = x[3]",
    "n = 4; q[i,k] ~ normal(0, 1) for i in 1..n, k in 1..2; V = sum(1/sqrt(sum((q[i,k] - q[j,k])^2 for k in 1..2)) for i in 1..n, j in 1..n if i != j); F[i,k] = -derivative(V, q[i,k]) for i in 1..n, k in 1..2; L = sum(F[i,k]^2 for i in 1..n, k in 1..2)",
    "x = 2; y = 3; V = x^3*y; L = derivative(derivative(V, x), x) + sum(x*i for i in 1..3)",
    "const c; c[i] = mod(i, 3) + 1 for i in 1..7; al[k] = k/2 for k in 1..3; V = sum(exp(al[c[i]])*i for i in 1..7); g[k] = derivative(V, al[k]) for k in 1..3; L = norm(g[*]) + mean(al[c[i]]*g[c[i]] for i in 1..7)",
    "x[i] = i/3 for i in 1..5; V = logsumexp(x[*]) + max(x[*]) + prod(x[i] for i in 1..4); g[i] = derivative(V, x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[0] = 0.3; a = 3; x[t+1] = a*x[t]*(1 - x[t]) for t in 0..5; V = x[6]; L = derivative(V, a)",
    "x[0] = 0.3; a = 3; x[t+1] = a*x[t]*(1 - x[t]) for t in 0..5; V = x[6]; L = derivative(V, a)^2 + derivative(V, x[0]); ",
    "x[0] = 0.3; a = 3; x[t+1] = a*x[t]*(1 - x[t]) for t in 0..5; L = derivative(x[6], a)",
    "x[0] = 0.3; a = 3; x[t+1] = a*x[t]*(1 - x[t]) for t in 0..5; V = sum(x[t]^2 for t in 1..6); g[t] = derivative(V, x[t]) for t in 0..6; L = sum(g[t]*t for t in 0..6)",
    "x[0] = 0.3; v[0] = 0.1; k = 2; dt = 0.1; x[t+1] = x[t] + dt*v[t] for t in 0..9; v[t+1] = v[t] - dt*k*sin(x[t+1]) for t in 0..9; E = v[10]^2/2 + k*x[10]^2/2; L = derivative(E, k)*2 + derivative(E, v[0])^2 + derivative(E, dt)",
    "h[0,j] = j/5 for j in 1..3; w[i,j] = sin(i+2*j)/3 for i in 1..3, j in 1..3; h[t+1,i] = tanh(sum(w[i,j]*h[t,j] for j in 1..3)) for t in 0..4, i in 1..3; V = sum(h[5,i]^2 for i in 1..3); g[i,j] = derivative(V, w[i,j]) for i in 1..3, j in 1..3; L = sum(g[i,j]^2 for i in 1..3, j in 1..3)",
    "h[0,j] = j/5 for j in 1..3; w[i,j] = sin(i+2*j)/3 for i in 1..3, j in 1..3; h[t+1,i] = tanh(sum(w[i,j]*h[t,j] for j in 1..3)) for t in 0..4, i in 1..3; V = sum(h[5,i]^2 for i in 1..3); g[t,j] = derivative(V, h[t,j]) for t in 0..5, j in 1..3; L = sum(g[t,j]^2*t for t in 0..5, j in 1..3)",
    "x[0] = 0.3; a = 3; x[t+1] = a*x[t]*(1 - x[t]) for t in 0..5; V = x[6]; D = derivative(V, a); L = derivative(D, a) + derivative(D, x[0])",
    "u[0] = 1; u[1] = 1; c = 0.5; u[n] = c*u[n-1] + u[n-2]*sin(c) for n in 2..12; V = u[12]*u[7]; L = derivative(V, c) + derivative(V, u[0])",
    "w[t] = t/7 for t in 1..10; y[10] = 0.5; y[t] = y[t+1]*w[t+1] + w[t] for t in 1..9; V = y[1]; g[t] = derivative(V, w[t]) for t in 1..10; L = sum(g[t]*t for t in 1..10)",
    "x[0] = 0.3; a = 3; x[t+1] = a*x[t]*(1 - x[t]) for t in 0..9; V = x[6]; L = derivative(V, a) + 0*x[10]",
    "s[0] = 0; d[i] = i/3 for i in 1..8; s[i] = s[i-1] + d[i]^2 for i in 1..8; V = sum(exp(-s[i]) for i in 1..8); F[i] = -derivative(V, d[i]) for i in 1..8; L = norm(F[*])",
    "x[1] = a; a = 0.3; x[2] = x[1]^2; x[t] = x[t-1]*x[t-2] + a for t in 3..9; V = x[9]; L = derivative(V, a)",
    "x[t+1] = x[t]^2 + c[mod(t,3)] for t in 0..8; x[0] = 0.1; c[i] = i/9 for i in 0..2; V = x[9]; g[i] = derivative(V, c[i]) for i in 0..2; L = sum(g[*])",
    "u[0,i] = sin(i) for i in 0..6; u[t+1,i] = u[t,i] + 0.1*(u[t,i+1] - 2*u[t,i] + u[t,i-1]) for t in 0..4, i in 1..5; u[t+1,0] = u[t,1] for t in 0..4; u[t+1,6] = u[t,5] for t in 0..4; V = sum(u[5,i]^3 for i in 0..6); g[i] = derivative(V, u[0,i]) for i in 0..6; L = sum(g[i]^2 for i in 0..6)",
    "x[0] = 0.3; a = 3; x[t+1] = a*x[t]*(1 - x[t]) for t in 0..5; L = derivative(x[6]^2 + x[5], a) + derivative(x[6], x[2])",
    "x[0] = 0.3; a = 3; x[t+1] = if(x[t] > 0.5, sqrt(x[t]) - a*x[t]^2/4, exp(a*x[t]/3) - 1) for t in 0..5; L = derivative(x[6], a) + derivative(x[6], x[2])",
    "x[0] = 0.3; a = 3; x[t+1] = a*x[t]*(1 - x[t]) for t in 0..5; V = x[6]; D = derivative(V, a); E = derivative(D, a); L = derivative(E, x[0])",
    "x[0] = 0.3; a = 3; x[t+1] = sin(a*x[t]) for t in 0..5; y[t] = x[t]^2 + a for t in 0..6; z[0] = 1; z[t+1] = z[t]*cos(y[t]) for t in 0..6; V = z[7]*y[3]; D = derivative(V, a); g[t] = derivative(V, y[t]) for t in 0..6; L = D + sum(g[t]*t for t in 0..6)",
    "p[0] = 0.2; q[0] = 0.4; m = 1.5; q[t+1] = q[t] + p[t]/m for t in 0..6; p[t+1] = p[t] - q[t+1]^3 + max(q[t+1], p[t]) for t in 0..6; V = q[7] + p[7]; L = derivative(V, m) + derivative(V, p[0])",
    "h[t,i] = tanh(h[t-1,i] + h[t,i-1]*w) for t in 1..4, i in 1..4; h[0,i] = i/7 for i in 1..4; h[t,0] = t/5 for t in 1..4; w = 0.7; L = derivative(h[4,4], w) + derivative(h[4,4], h[0,2])*2 + derivative(h[4,4], h[2,0])",
    "x[i] = i/3 for i in 1..5; g[i] = derivative(x[i]*sum(x[j] for j in 1..5), x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 0..6; g[i] = derivative((x[i+1]-2*x[i]+x[i-1])^3*x[i], x[i+1]) for i in 1..5; L = sum(g[i]^2 for i in 1..5)",
    "x[i] = i/3 for i in 1..5; g[i] = derivative(sum(sqrt(abs(x[i]-x[j])) for j in 1..5 if j != i)*x[6-i], x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; g = derivative(sum(x[j]^3 for j in 1..5), x[2]); L = g^2",
    "x[i] = i/3 for i in 1..5; g[i] = derivative(sum(sin(x[j]*x[k]) for j in 1..5, k in 1..j), x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; y[i] = x[i]^2 for i in 1..5; V = sum(y[i]*y[j] for i in 1..5, j in 1..5); g[i] = derivative(V*x[i]^2*sin(V), x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; b = 2; g[i] = derivative(sum(x[j]*b for j in 1..5)/(1+sum(x[k]^2 for k in 1..5))*sum(x[i]*x[j] for j in 1..i), x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "z[i] = i/7 for i in 1..5; p[i] = exp(z[i])/sum(exp(z[j]) for j in 1..5) for i in 1..5; g[i] = derivative(exp(z[i])/sum(exp(z[j]) for j in 1..5), z[i]) for i in 1..5; L = sum(g[i]*i*p[i] for i in 1..5)",
    "x[i] = i/3 for i in 1..5; g[i] = derivative(x[i]*sum(x[j] for j in 1..5), x[i]) for i in 1..5; L = sum(g[*])",
]
"""A potential; a function of the file; one body; a parameter; what is computed; recurrences; matrices; a second one; a table; gathers; recurrences, and
by their members; what reads other members of the family."""


THROUGH_MEMBERS = [
    "x[i] = i/3 for i in 1..5; y[i] = sin(x[i]) for i in 1..5; g[i] = derivative(y[i]*x[i], x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; y[i] = sin(x[i]) for i in 1..5; g[i] = derivative(y[i], x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; y[i] = sin(x[i])*x[6-i] for i in 1..5; g[i] = derivative(y[i]*x[i], x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; a = 0.4; y[i] = sin(x[i]*a) for i in 1..5; z[i] = y[i]^2*a for i in 1..5; g[i] = derivative(z[i]*x[i], x[i]) for i in 1..5; h[i] = derivative(z[i], a) for i in 1..5; L = sum(g[i]*h[i] for i in 1..5)",
    "x[i] = i/3 for i in 1..5; a = 0.4; y[i] = sin(x[i]*a) for i in 1..5; h[i] = derivative(y[i], a) for i in 1..5; L = sum(h[i] for i in 1..5)",
    "x[i] = i/3 for i in 0..5; y[i] = sin(x[i]) for i in 0..5; g[i] = derivative(y[i]*y[i-1], x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 0..5; y[i] = sin(x[i]) + x[max(i-1,0)] for i in 0..5; g[i] = derivative(y[i]*y[i-1], x[i-1]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; y[i,j] = sin(x[i]*x[j]) for i in 1..5, j in 1..5; g[i] = derivative(sum(y[i,j] for j in 1..5), x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; r[i] = sqrt(x[i]^2+1) for i in 1..5; phi(u) = exp(-u)*u; e[i] = phi(r[i]) for i in 1..5; F[i] = -derivative(e[i], x[i]) for i in 1..5; L = norm(F[*])",
    "x[0] = 0.3; k = 1.1; V[t] = k*x[t]^2/2 + x[t]^4/4 for t in 0..6; F[t] = -derivative(V[t], x[t]) for t in 0..6; x[t+1] = x[t] + 0.1*F[t] for t in 0..6; L = x[7]^2",
    "x[0] = 0.3; k = 1.1; F[t] = -derivative(k*x[t]^2/2 + x[t]^4/4, x[t]) for t in 0..6; x[t+1] = x[t] + 0.1*F[t] for t in 0..6; L = x[7]^2",
    "x[0] = 0.3; k = 1.1; V[t] = k*x[t]^2/2 + x[t]^4/4 for t in 0..7; F[t] = -derivative(V[t], x[t]) for t in 0..7; x[t+1] = x[t] + 0.1*F[t] for t in 0..6; L = x[7]^2 + F[7]",
    "x[0,i] = i/5 for i in 1..4; k = 1.1; V[t] = sum(k*(x[t,i+1]-x[t,i])^2/2 for i in 1..3) for t in 0..5; F[t,i] = -derivative(V[t], x[t,i]) for t in 0..5, i in 1..4; x[t+1,i] = x[t,i] + 0.1*F[t,i] for t in 0..5, i in 1..4; L = sum(x[6,i]^2 for i in 1..4)",
    "x[0,i] = i/5 for i in 1..4; k = 1.1; V[t] = sum(k*(x[t,i+1]-x[t,i])^2/2 for i in 1..3) for t in 0..5; F[t,i] = -derivative(V[t]*x[t,i], x[t,i]) for t in 0..5, i in 1..4; x[t+1,i] = x[t,i] + 0.1*F[t,i] for t in 0..5, i in 1..4; L = sum(x[6,i]^2 for i in 1..4)",
    "x[0,i] = i/5 for i in 1..4; k = 1.1; e[t,i] = k*x[t,i]^2 for t in 0..5, i in 1..4; F[t,i] = -derivative(e[t,i]*x[t,i], x[t,i]) for t in 0..5, i in 1..4; x[t+1,i] = x[t,i] + 0.1*F[t,i] for t in 0..5, i in 1..4; L = sum(x[6,i]^2 for i in 1..4)",
    "x[i] = i/3 for i in 1..5; y[i] = sum(x[j] for j in 1..i) for i in 1..5; V = sum(y[i]^2 for i in 1..5); g[i] = derivative(V, x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; y[i] = x[i] for i in 1..5; V = sum(y[i]^2 for i in 1..5); g[i] = derivative(V, x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; b = 3; y[i] = b for i in 1..5; V = sum(y[i]^2*x[i] for i in 1..5); g = derivative(V, b); L = g",
    "x[i] = i/3 for i in 1..5; b = 3; y[i] = b*b for i in 1..5; V = sum(y[i]^2*x[i] for i in 1..5); g = derivative(V, b); L = g",
    "x[i] = i/3 for i in 1..6; m[i] = max(x[j] for j in 1..i) for i in 1..6; V = sum(m[i]^2 for i in 1..6); g[i] = derivative(V, x[i]) for i in 1..6; L = sum(g[i]*i for i in 1..6)",
    "x[i] = i/3 for i in 1..5; a = 2; y[i] = x[i]^2*a for i in 1..5; g[i] = derivative(y[i]*sum(y[j] for j in 1..5), a) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; a = 2; y[i] = x[i]^2*a for i in 1..5; g[i] = derivative(y[i]*sum(y[j] for j in 1..5), x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; y[i] = x[i]^3 for i in 1..5; g[i] = derivative(y[i], x[i]) for i in 1..5; h[i] = derivative(g[i], x[i]) for i in 1..5; L = sum(h[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; g[i] = derivative(derivative(x[i]^3*sin(x[i]), x[i]), x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; y[i] = x[i]^3 for i in 1..5; g[i] = derivative(derivative(y[i]*x[i], x[i]), x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; y[i] = x[i]^3 for i in 1..5; g[i,j] = derivative(y[i]*y[j], x[i]) for i in 1..5, j in 1..5; L = sum(g[i,j]*i for i in 1..5, j in 1..5)",
    "x[i] = i/3 for i in 1..5; y[i] = x[i]*sum(x[j]^2 for j in 1..5) for i in 1..5; J[i,j] = derivative(y[i], x[j]) for i in 1..5, j in 1..5; L = sum(J[i,j]*i*sin(j) for i in 1..5, j in 1..5)",
    "x[0] = 1.5; f[t] = x[t]^3 - 2 for t in 0..5; x[t+1] = x[t] - f[t]/derivative(f[t], x[t]) for t in 0..5; L = x[6]",
    "x[0] = 1.5; a = 2; f(u) = u^3 - a; x[t+1] = x[t] - f(x[t])/derivative(f(x[t]), x[t]) for t in 0..5; L = x[6]",
    "x[0] = 1.5; a = 2; f[t] = x[t]^3 - a for t in 0..5; d[t] = derivative(f[t], x[t]) for t in 0..5; x[t+1] = x[t] - f[t]/d[t] for t in 0..5; L = x[6]",
    "x[i] = i/3 for i in 1..5; y[i] = if(i > 2, x[i]^2, x[i]^3) for i in 1..5; g[i] = derivative(y[i]*x[i], x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; y[i] = x[i]^3 for i in 1..5; g[i] = derivative(sum(y[j] for j in 1..i), x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; y[i] = x[i]^3 for i in 1..5; V = sum(y[i] for i in 1..5); g[i] = derivative(V*y[i], x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; y[i] = x[i]^3 for i in 1..5; g[i] = derivative(y[i]*x[i]/y[6-i], y[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "s[0] = 0.2; a = 0.7; s[i] = sin(a*s[i-1]) for i in 1..8; g[i] = derivative(s[i], s[i-1]) for i in 1..8; L = prod(g[i] for i in 1..8)",
    "s[0] = 0.2; a = 0.7; b = 0.1; u[i] = a*s[i-1]+b for i in 1..8; s[i] = sin(u[i]) for i in 1..8; g[i] = derivative(s[i], s[i-1]) for i in 1..8; L = prod(g[i] for i in 1..8)",
    "x[i] = i/3 for i in 1..5; g[i] = derivative(x[i]^2 + sum(x[i]*x[j] for j in 1..i-1), x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; y[i] = prod(x[j] for j in 1..i) for i in 1..5; g[i] = derivative(y[i]*x[i], x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; y[i] = norm(x[*])*x[i] for i in 1..5; g[i] = derivative(exp(y[i]), x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; y[i] = logsumexp(x[*])*x[i] for i in 1..5; z[i] = max(y[i], x[6-i]) for i in 1..5; g[i] = derivative(sin(z[i]), x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; y[i] = logsumexp(x[j] for j in 1..i) for i in 1..5; g[i] = derivative(y[i]*y[i], x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..5; y[1] = 0.7; y[i] = x[i]^3 for i in 2..5; g[i] = derivative(y[i]*y[i]*x[i], x[i]) for i in 1..5; L = sum(g[i]*i for i in 1..5)",
    "x[i] = i/3 for i in 1..6; y[i] = x[i]^3 for i in 1..3; y[i] = sqrt(x[i])*x[i] for i in 4..6; g[i] = derivative(y[i]*y[i]*x[i], x[i]) for i in 1..6; L = sum(g[i]*i for i in 1..6)",
    "x[i] = i/3 for i in 1..6; b = 2; y[i] = exp(b) for i in 1..6; g[i] = derivative(y[i]^2*x[i], b) for i in 1..6; L = sum(g[i]*i for i in 1..6)",
    "x[i] = i/3 for i in 1..6; b = 2; y[i] = exp(b)*x[i] for i in 1..6; V[i] = sum(y[j] for j in 1..i) for i in 1..6; g[i] = derivative(V[i]^2, b) for i in 1..6; L = sum(g[i]*i for i in 1..6)",
    "x[i,k] = sin(i+k) for i in 1..4, k in 1..3; r[i,j] = sqrt(sum((x[i,k]-x[j,k])^2 for k in 1..3)+1) for i in 1..4, j in 1..4; E[i] = sum(1/r[i,j] for j in 1..4) for i in 1..4; F[i,k] = -derivative(E[i], x[i,k]) for i in 1..4, k in 1..3; L = sum(F[i,k]^2 for i in 1..4, k in 1..3)",
    "x[i] = i/3 for i in 1..6; y[i] = x[i]^2 for i in 1..6; z[i] = sin(y[i]) + y[i]*x[i] for i in 1..6; w[i] = z[i]*y[i] + z[7-i] for i in 1..6; g[i] = derivative(w[i], y[i]) for i in 1..6; h[i] = derivative(w[i]*g[i], x[i]) for i in 1..6; L = sum(g[i]*i*h[i] for i in 1..6)",
    "q[0,i] = i/5 for i in 1..4; p[0,i] = 0.1*i for i in 1..4; k = 1.3; U[t] = sum(k*cos(q[t,i]) for i in 1..4) + sum((q[t,i]-q[t,i+1])^4 for i in 1..3) for t in 0..5; p[t+1,i] = p[t,i] - 0.1*derivative(U[t], q[t,i]) for t in 0..5, i in 1..4; q[t+1,i] = q[t,i] + 0.1*p[t+1,i] for t in 0..5, i in 1..4; L = sum(q[6,i]^2 for i in 1..4)+U[5]",
    "q[0] = 0.3; p[0] = 0.1; k = 1.3; H[t] = p[t]^2/2 + k*q[t]^2/2 + q[t]^4 for t in 0..5; q[t+1] = q[t] + 0.1*derivative(H[t], p[t]) for t in 0..5; p[t+1] = p[t] - 0.1*derivative(H[t], q[t]) for t in 0..5; L = q[6]^2 + p[6]",
    "w[0] = 1.5; d[i] = i/7 for i in 1..6; e[t] = sum((w[t]*d[i] - sin(d[i]))^2 for i in 1..6) for t in 0..8; w[t+1] = w[t] - 0.1*derivative(e[t], w[t]) for t in 0..7; L = e[8]",
]
"""Through equations of members, for each combination by another one; in recurrences by what is earlier."""


@pytest.mark.parametrize("text", [*TEXTS, *THROUGH_MEMBERS])
def test_loops_say_what_the_unrolled_graph_says(text: str) -> None:
    source = Source("<text>", f"{text}; output L")
    model = read_model(source, many=0)
    assert isinstance(model, LoopModel)
    found, whole = by_loops(model, {}, None), evaluate(read_carefully(source), {}, noted=True)
    assert found
    right = whole.gradient
    assert [*found.data] == [*right.data]
    assert [*found.gradients] == [*right.gradients]
    assert all(isclose(each, right.data[name], rel_tol=1e-14) for name, each in found.data.items())
    assert apart(found, whole) <= 100  # of seconds derivatives, whose sums have other orders
    assert [*map(str, found.warnings)] == [*map(str, right.warnings)]


@pytest.mark.parametrize(
    "text",
    [
        "x[i] = i/3 for i in 1..5; y[i] = exp(a) for i in 1..5; a = 1; V = sum(y[i]*x[i] for i in 1..5); L = derivative(V, a) + sum(x[*])",
    ],
)
def test_what_is_no_loop_is_unrolled(text: str) -> None:
    """A step for several members."""
    assert not isinstance(read_model(Source("<text>", text), many=0), LoopModel)


@pytest.mark.parametrize("group", range(GROUPS))
@pytest.mark.one_in(2)
def test_random_models(group: int, request: pytest.FixtureRequest) -> None:
    """Random models, with the derivatives of their output by a family or two in another output."""
    models = 500 if request.config.getoption("--whole") else 18
    looped = 0
    for number in range(group * models, (group + 1) * models):
        try:
            text = with_derivatives(number)
        except BackpropError:  # a sum of nothing
            continue
        if not text:
            continue
        source = Source("<text>", text)
        try:
            model = read_model(source, many=0)
            found = by_loops(model, {}, None) if isinstance(model, LoopModel) else None
        except BackpropError:  # a name that the text has already
            continue
        if not found:
            continue
        whole = evaluate(read_carefully(source), {}, noted=True)
        if whole.gradient.notes:  # the graph has more digits
            continue
        looped += 1
        right = whole.gradient
        assert [*found.data] == [*right.data], number
        assert [*found.gradients] == [*right.gradients], number
        size = max(map(abs, right.data.values()))
        for name, each in found.data.items():
            assert isclose(each, right.data[name], rel_tol=1e-11, abs_tol=1e-13 * size), number
        assert [*map(str, found.warnings)] == [*map(str, right.warnings)], number
        size = max(map(abs, right.gradients.values()))
        if not all(
            isclose(each, right.gradients[name], rel_tol=1e-9, abs_tol=1e-11 * size)
            for name, each in found.gradients.items()
        ):
            assert apart(found, whole) <= 100, number
    assert looped > models / 40


def with_derivatives(number: int) -> str:
    """A random model with derivatives of its output; "" where it has no family to take them by."""
    text, values = random_indexed(number)
    chance = random.Random(f"derive {number}")
    try:
        model = read_model(Source("<text>", text), many=0)
    except UnexpectedText:  # a random range of a minimum is empty
        return ""
    if not isinstance(model, LoopModel):
        return ""
    text = re.sub(r"(^|[;\n]) *(minimize|maximize|output) L *(?=;|\n|$)", r"\1", text.strip())
    text += "\n" + "\n".join(f"{name} = {each}" for name, each in values.items())
    families = [
        each
        for each in model.plan.families.values()
        if each.size and each.name not in ("L", "L2") and (each.owner != Family.ABSENT).all()
        if {*each.labels(numpy.arange(each.size))}.isdisjoint([*model.constants, *model.fixed])
    ]
    if not families:
        return ""
    terms = []
    for at, family in enumerate(chance.sample(families, min(len(families), chance.choice((1, 2))))):
        of = chance.choice(("L", "L", "L^2", "sin(L)"))
        names = "ijkt"[: family.dimensions]
        if not names:
            text += f"\nD{at} = derivative({of}, {family.name})"
            terms.append(f"D{at}^2")
            continue
        indices = ",".join(names)
        sizes = zip(names, family.low, family.shape, strict=True)
        clauses = ", ".join(f"{name} in {low}..{low + size - 1}" for name, low, size in sizes)
        text += f"\nD{at}[{indices}] = derivative({of}, {family.name}[{indices}]) for {clauses}"
        square = chance.choice(("D{}[{}]^2", "sin(D{}[{}])")).format(at, indices)
        terms.append(f"sum({square} for {clauses})")
    return f"{text}\nZ = {' + '.join(terms)} + 0.1*L\noutput Z\n"


def test_forces_of_many_members() -> None:
    """Those of the whole command, by hand."""
    n = 20_000
    found = library.parse(FORCES.replace("n = 6", f"n = {n}"))
    assert isinstance(found, LoopModel)
    result = found.grad(of="L")
    x = [sin(i) for i in range(n + 1)]
    for i in (1, 7, n - 1, n):
        force = -2 * (x[i] - x[i - 1])
        if i < n:
            force += 2 * (x[i + 1] - x[i]) + sin(x[i])
        assert isclose(result.data[f"F[{i}]"], force, rel_tol=1e-13)
    force = {i: result.data[f"F[{i}]"] for i in (1, 2, 3)}
    slope = 2 * (force[1] * 2 + force[2] * (-4 + cos(x[2])) + force[3] * 2)
    assert isclose(result.gradients["x[2]"], slope, rel_tol=1e-13)


def test_commands_of_large_texts() -> None:
    text = FORCES.replace("n = 6", "n = 8000")
    found = backprop("grad", "-e", text, "--of", "L")
    right = unrolled("grad", "-e", text, "--of", "L")
    assert found.out == right.out
    assert "differentiated" in found.out
    found = backprop("descend", "-e", text, "--of", "L", "--lr", "0.001", "--steps", "3", "--format", "json")  # fmt: skip
    assert found.status == 0
    assert not found.err


@pytest.mark.parametrize(
    ("text", "value", "slope"),
    [
        ("u = derivative(sinc(10), b); L = u + b", 2, 1),
        ("c[i] = derivative(i^2, b) for i in 1..n; L = sum(c[i]*i for i in 1..n) + b", 2, 1),
        ("c[i] = exp(derivative(2^i, b)) for i in 1..n; L = sum(c[i]*b for i in 1..n)", 6, 3),
        ("x[i] = i*b for i in 1..n; c[i] = derivative(5 + sum(x[j] for j in 1..i-1), b) for i in 1..n; L = sum(c[i]*i for i in 1..n) + b", 13, 1),
        ("x[i] = b for i in 1..n; c[i] = derivative(prod(x[j] for j in 1..i-1), b) for i in 1..n; L = sum(c[i]*i for i in 1..n)", 14, 6),
        ("x[i] = b for i in 1..n; c[i] = 3 + derivative(exp(sum(x[j] - 2 for j in i..2)), b) for i in 1..n; L = sum(c[*]) + 0*x[3]", 12, 5),
    ],
)  # fmt: skip
def test_a_derivative_of_what_reads_nothing_is_0(text: str, value: float, slope: float) -> None:
    """By hand, at b = 2 and n = 3. The members that read nothing had the number that it is of."""
    made = read_model(Source("<text>", f"b = 2; n = 3; {text}; output L"), many=0)
    found = gradient(made, {})
    assert found.value == pytest.approx(value, rel=1e-14)
    assert found.gradients["b"] == pytest.approx(slope, rel=1e-14)
