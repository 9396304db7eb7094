# jacobian --sparse --only r
r = x*y; s = x^2
x = 3; y = 2
