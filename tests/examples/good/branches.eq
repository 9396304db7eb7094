x = -1
y = if(x > 0, sqrt(x), 0)
