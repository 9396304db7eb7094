# --set e=3
a = 2
e = a*3
L = e
