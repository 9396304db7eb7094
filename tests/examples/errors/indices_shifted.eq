n = 3
w[i] = 1 for i in 1..n
h[i] = w[i + 1]*w[i] for i in 1..n
L = sum(h[i] for i in 1..n)
