x = 3
a = derivative(x^2*pi, pi)
b = sum(derivative(x^i, i) for i in 1..3)
c[j] = derivative(x^j, (j)) for j in 1..2
