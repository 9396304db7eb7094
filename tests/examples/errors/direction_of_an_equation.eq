# jacobian --along "u=1" --of y
u = x^2
y = u + x
x = 1
