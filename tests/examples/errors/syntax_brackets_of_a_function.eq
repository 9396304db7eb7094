y = sin x
z = 0x10
w = 1e
