# A force that moves what it is the derivative of
k = 2
V = k*u^2/2
u = 1 - derivative(V, k)
