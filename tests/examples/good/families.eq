w[i,j] ~ uniform(-1, 1) for i in 1..4, j in 1..8
b[i] = 0 for i in 1..4
x[j] = j/8 for j in 1..8
h[i] = tanh(sum(w[i,j]*x[j] for j in 1..8) + b[i]) for i in 1..4
L = mean((h[i] - 1)^2 for i in 1..4)
