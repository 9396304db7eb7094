# --set "a=2x, b"
a = 1
L = a
