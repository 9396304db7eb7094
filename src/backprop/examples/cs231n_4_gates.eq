# Stanford's CS231n, 4: add, max and multiply gates
# The last circuit of https://cs231n.github.io/optimization-2/: a sum hands
# its gradient on to both, a maximum to the larger one only, and a product
# swaps its factors. Published are f = -20 and -8 by x, 6 by y, 2 by z and 0
# by w.
#
# Try:  backprop grad cs231n_4_gates.eq
# and:  backprop draw cs231n_4_gates.eq -o graph.svg

product = x*y
larger = max(z, w)
total = product + larger
f = 2*total
output f

x = 3; y = -4; z = 2; w = -1
