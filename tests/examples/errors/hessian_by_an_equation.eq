# hessian --wrt e --set "a=1, b=2"
e = a*b
L = e^2 + a
