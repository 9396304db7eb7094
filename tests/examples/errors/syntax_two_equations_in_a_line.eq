a = 2 b = 3
x = y = 3
