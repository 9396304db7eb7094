# A polynomial for a jump, written with powers
# The same as polynomial.eq, written as it stands in books: the sum of x[j]*t^j.
#
# Try:  backprop grad powers.eq
# then: backprop descend powers.eq --optimizer lbfgs
#
# What comes out: y falls from 26.828583 to 1.370690, where x[0], x[2] and x[4] are 0.

y = sum((s[i] - sum(x[j]*t[i]^j for j in 0..m-1))^2 for i in 0..n-1)/2
minimize y

t[i] = -1 + 2*i/(n - 1) for i in 0..n-1
s[i] = sign(t[i]) for i in 0..n-1
x[j] ~ uniform(-1, 1) for j in 0..m-1
const n = 20; const m = 5
