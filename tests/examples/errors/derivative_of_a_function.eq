x = 3
y = 3*x
V(t) = t^2
f(a) = derivative(a^2, x)
E = derivative(V, x)
L = E + f(y) + y
