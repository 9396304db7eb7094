# hessian --set "x=0, y=2"
L = y*abs(x) + x^2
