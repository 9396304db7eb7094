# --format jsn
L = a
a = 1
