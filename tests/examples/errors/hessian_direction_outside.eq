# hessian --of r --times "x=1" --wrt y
r = x*y; s = x^2
x = 3; y = 2
