# jacobian --along x=1 --mode forward --wrt x
r = x*y; s = x^2
x = 3; y = 2
