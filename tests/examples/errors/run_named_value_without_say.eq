x = -1
root = sqrt(x)
L = if(x > 0, root, x^2)
