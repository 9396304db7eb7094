# hessian --times "a=1, c=2, d=1" --set "a=1, b=2"
d = a*b
L = d^2
const k = 3
