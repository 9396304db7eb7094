# jacobian --along x=1 --order 11
r = x*y; s = x^2
x = 3; y = 2
