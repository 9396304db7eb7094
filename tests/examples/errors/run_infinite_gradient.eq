x = 0
L = 3*sqrt(x) + x
