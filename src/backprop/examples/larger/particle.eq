# A charged particle that is to hit the origin
# Two fixed charges, at (10, 10 - w) and (10, 0), repel a particle from the left. The
# force is the derivative of their potential p, and Euler's steps of 0.1 s follow it to
# the x-axis. What w makes it cross the axis at 0? A problem of GradBench, by Pearlmutter
# and Siskind (2008): the gradient of a motion with a gradient in it.
#
# Try:  backprop descend particle.eq --optimizer lbfgs
# then: backprop grad particle.eq --set "w=0.3"
#
# What comes out: miss falls from 3.199079 to 0.000000, where w is 0.2072; at w = 0.3
# it is 1.489289.

miss = (x[n] - y[n]*u[n]/v[n])^2
minimize miss

w = 0
p(a, b) = 1/hypot(a - 10, b - 10 + w) + 1/hypot(a - 10, b)
fx(a, b) = -derivative(p(a, b), a)
fy(a, b) = -derivative(p(a, b), b)

x[0] = 0; y[0] = 8; u[0] = 0.75; v[0] = 0
flies[t] = y[t] + dt*v[t] > 0 for t in 0..n-1
x[t+1] = if(flies[t], x[t] + dt*u[t], x[t]) for t in 0..n-1
y[t+1] = if(flies[t], y[t] + dt*v[t], y[t]) for t in 0..n-1
u[t+1] = if(flies[t], u[t] + dt*fx(x[t], y[t]), u[t]) for t in 0..n-1
v[t+1] = if(flies[t], v[t] + dt*fy(x[t], y[t]), v[t]) for t in 0..n-1
const x[0]; const y[0]; const u[0]; const v[0]

const n = 400; const dt = 0.1
