# jacobian --order 2
r = x*y; s = x^2
x = 3; y = 2
