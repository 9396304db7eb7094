y = if(a, 1)
z = if(a, 1, 2, 3)
w = if a > 0
