# --set a=-1
b = 2
L = b + log(a*b)
