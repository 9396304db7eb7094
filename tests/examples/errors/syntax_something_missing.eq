y = a +
z = 3
w =
v = (a + )
u = a * / b
t = ( )
s = max(a,)
