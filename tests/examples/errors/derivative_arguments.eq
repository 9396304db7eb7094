x = 3
a = derivative(x^2, 2*x)
b = derivative(x^2, 2)
c = derivative(x, x^2)
d = derivative(x^2)
e = derivative(x^2, x, 2)
f = derivative(x*y, x, y)
g = derivativ(x^2, x)
