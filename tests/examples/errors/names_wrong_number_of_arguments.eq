f(x, y) = x*y
z = f(1)
w = sin(1, 2)
v = log(8, 2)
u = atan2(1)
t = min()
