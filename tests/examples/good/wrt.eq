# --wrt "a, unused"
a = 2; unused = 1
b = a^3
L = exp(-b)
