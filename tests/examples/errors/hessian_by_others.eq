# hessian --of r --wrt "x, z"
r = x*y; s = x^2
x = 3; y = 2
