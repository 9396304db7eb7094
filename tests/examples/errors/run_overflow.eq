a = 1000
L = 1 + exp(a)
