# jacobian --along x=1 --order 3
y = sqrt(x)^4
x = 0
