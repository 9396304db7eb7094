# A chain of springs: least energy is rest
# Nine masses and ten springs without a length of their own hang between two nails, at
# (0, 0) and (10, 0). Where the energy is least, the forces on every mass cancel.
#
# Try:  backprop descend spring_chain.eq --all
#
# What comes out: energy = 17.060522. The masses stand evenly apart, x[i] = i, and hang
# in a parabola, y[i] = -m*g/(2*k)*i*(10 - i), whose lowest point is y[5] = -2.4525.

stretch = sum((x[i] - x[i-1])^2 + (y[i] - y[i-1])^2 for i in 1..n)
height = sum(y[i] for i in 1..n-1)
energy = k/2*stretch + m*g*height
minimize energy

const n = 10; const k = 5; const m = 0.1; const g = 9.81
const x[0] = 0; const x[n] = 10; const y[0] = 0; const y[n] = 0
x[i] = 0 for i in 1..n-1    # where the search starts: everything at the first nail
y[i] = 0 for i in 1..n-1
