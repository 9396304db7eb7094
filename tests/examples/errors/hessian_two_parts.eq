# hessian --diagonal --sparse --set "a=1, b=2"
L = a^2*b
