# jacobian --along "x=0, z=0"
y = x^2*z
x = 1
z = 2
