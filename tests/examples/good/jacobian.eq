# jacobian --of r --format markdown
r[1] = 10*(x[2] - x[1]^2)
r[2] = 1 - x[1]
x[1] = -1.2
x[2] = 1
