y = (a + b
z = sin((a)
w = a)
v = (a]
