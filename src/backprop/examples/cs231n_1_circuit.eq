# Stanford's CS231n, 1: a sum in a product
# The first circuit of the notes on backpropagation of Stanford's course
# CS231n, https://cs231n.github.io/optimization-2/. Published are q = 3,
# f = -12 and the derivatives of f: -4 by q, -4 by x, -4 by y and 3 by z.
#
# Try:  backprop grad cs231n_1_circuit.eq
# and:  backprop draw cs231n_1_circuit.eq -o graph.svg

q = x + y
f = q*z
output f

x = -2; y = 5; z = -4
