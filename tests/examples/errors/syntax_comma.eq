y = 3,14
z = a, b
