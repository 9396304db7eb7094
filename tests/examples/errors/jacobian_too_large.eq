# jacobian --of y
# A matrix of so many numbers is for a program.
y[i] = x[i]^2 + x[1] for i in 1..70
x[i] = i for i in 1..70
