# A polynomial for a jump: least squares
# A polynomial with m coefficients x, in the form of Horner and at n places t between -1
# and 1, is to follow the jump of sign(t). The problem LLSQ of GradBench, from cmpad:
# n = 1024 and m = 128, for one; the coefficients are drawn at random.
#
# Try:  backprop descend polynomial.eq --optimizer lbfgs
# then: backprop grad polynomial.eq --set "n=60, m=12" --wrt x
#
# What comes out: y falls from 26.828583 to 1.370690, where x[0], x[2] and x[4] are 0.

const h[i,m] = 0 for i in 0..n-1
h[i,j] = x[j] + t[i]*h[i,j+1] for i in 0..n-1, j in 0..m-1
y = sum((s[i] - h[i,0])^2 for i in 0..n-1)/2
minimize y

t[i] = -1 + 2*i/(n - 1) for i in 0..n-1
s[i] = sign(t[i]) for i in 0..n-1
x[j] ~ uniform(-1, 1) for j in 0..m-1
const n = 20; const m = 5
