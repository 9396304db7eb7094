a = 2.5
L = sum(x^i for i in 1..a) + x[x[1]] + sum(x for i in 1..m)
