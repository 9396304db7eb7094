# jacobian --along "x=inf, y=1"
r = x*y; s = x^2
x = 3; y = 2
