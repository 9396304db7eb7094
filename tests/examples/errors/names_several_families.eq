n = 4
V = sum((x[i+1] - x[i])^2 for i in 1..n-1)
F[i] = -derivative(V, x[i]) for i in 1..n
K[i,j] = derivative(derivative(V, x[i]), x[j]) for i in 1..n, j in 1..n
s[1] = V^2
s[2] = V^3
