# what stands behind an equation is worked out: its numbers are the same, and its names are known
e = a*b = 2*(-3) = -5
d = e + c = c2 + 1 = 4
f = g = 3
a = 2
b = -3
c = 10
L = d*f
