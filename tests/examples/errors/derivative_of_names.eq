k = 2; x = 3
V = k*x^2
F = -dV/dx + V
