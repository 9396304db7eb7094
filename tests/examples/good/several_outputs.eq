# --of y --of z
a = 2
y = a^2
z = sin(a)*y
unused = a/3
