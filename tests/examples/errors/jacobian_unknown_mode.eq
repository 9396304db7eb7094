# jacobian --mode backward
y = x^2
x = 1
