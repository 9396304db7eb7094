c = 1/0
L = c*x
x = 1
