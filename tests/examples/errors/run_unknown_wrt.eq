# --wrt "a, bb"
L = a*b
a = 1
b = 1
