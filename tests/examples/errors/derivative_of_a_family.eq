x[i] = i for i in 1..3
V = sum(x[i]^2 for i in 1..3)
F = derivative(V, x)
G = derivative(V, x[4])
