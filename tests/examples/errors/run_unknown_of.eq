# --of loss
L = a
a = 1
