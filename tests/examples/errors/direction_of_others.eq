# jacobian --along "x=1, q=1, r=1"
r = x*y; s = x^2
x = 3; y = 2
