# A saddle point: the least of what is largest
# The least over x of the largest over y of f(x, y): an ascent by y, of n steps along the
# derivatives of f, stands in the equations, and the descent by x goes through all of it.
# A problem of GradBench, by Pearlmutter and Siskind (2008).
#
# Try:  backprop descend saddle.eq
# then: backprop grad saddle.eq
#
# What comes out: best falls from 2.000000 to 0, but for 1e-17, where x and y are 0.

best = f(x[1], x[2], y[1,n], y[2,n])
minimize best

f(a, b, c, d) = (a^2 + b^2) - (c^2 + d^2)
by_c(a, b, c, d) = derivative(f(a, b, c, d), c)
by_d(a, b, c, d) = derivative(f(a, b, c, d), d)

x[i] = 1 for i in 1..2
y[i,0] = 1 for i in 1..2
y[1,k+1] = y[1,k] + rate*by_c(x[1], x[2], y[1,k], y[2,k]) for k in 0..n-1
y[2,k+1] = y[2,k] + rate*by_d(x[1], x[2], y[1,k], y[2,k]) for k in 0..n-1
const y[*,0]

const n = 40; const rate = 0.2
