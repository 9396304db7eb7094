# --of L
w[i,j] = 0.5 for i in 1..2, j in 1..16
h[i] = tanh(sum(w[i,j] for j in 1..16)) for i in 1..2
L = h[1]*w[3,9] + h[3]
