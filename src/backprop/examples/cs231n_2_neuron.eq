# Stanford's CS231n, 2: a neuron, gate by gate
# The second circuit of https://cs231n.github.io/optimization-2/: two inputs
# x, three weights w, and a sigmoid written as its four gates. Published are
# f = 0.73 and its derivatives 0.20 by dot, -0.20 by minus, -0.53 by e and by
# plus_one, -0.20, -0.39 and 0.20 by w0, w1 and w2, 0.39 and -0.59 by x0 and
# x1. One gate, f = sigmoid(dot), gives the same in one step.
#
# Try:  backprop grad cs231n_2_neuron.eq
# and:  backprop draw cs231n_2_neuron.eq -o graph.svg

dot = w0*x0 + w1*x1 + w2
minus = -dot
e = exp(minus)
plus_one = e + 1
f = 1/plus_one
output f

w0 = 2; w1 = -3; w2 = -3
const x0 = -1; const x1 = -2
