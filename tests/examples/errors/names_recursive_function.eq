f(x) = g(x) + 1
g(x) = f(x - 1)
h(n) = n*h(n - 1)
y = f(2)
