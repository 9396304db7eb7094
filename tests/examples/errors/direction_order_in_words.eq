# jacobian --along x=1 --order two
y = x^2
x = 1
