a = 1
b = 2
a = 3
f(x) = x
f(y) = y
g(t, t) = t
