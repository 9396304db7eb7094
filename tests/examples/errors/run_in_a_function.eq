f(t) = 1 + sqrt(t - 5)
a = 1
L = 2*f(a^2)
