# jacobian --along x=1 --order 0
y = x^2
x = 1
