# hessian
# Powell's singular function, at its minimum: flat in two directions.
L = (x1 + 10*x2)^2 + 5*(x3 - x4)^2 + (x2 - 2*x3)^4 + 10*(x1 - x4)^4
x1 = 0; x2 = 0; x3 = 0; x4 = 0
