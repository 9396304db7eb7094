a = b + 1
b = 2*c
c = a^2
d = d + 1
L = a + d
