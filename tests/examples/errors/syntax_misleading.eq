y = 1, 2, 3
z = [1, 2, 3]
v = d/dx x^2
w = 2*x  // twice the speed
u = max(x; 2,5)
