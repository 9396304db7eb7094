# --set "a=b, b=1"
a = 1
b = 2
L = a*b
