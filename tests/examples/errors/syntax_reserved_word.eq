for = 2
y = a in b
z = x[i] for i in 1..3
