# The classic: three equations, four inputs
# Raise a by 0.001, and L rises by about 0.006: the derivative of L by a is 6.
#
# Try:  backprop grad classic.eq
# and:  backprop draw classic.eq -o graph.svg

e = a*b
d = e + c
L = d*f

a = 2; b = -3; c = 10; f = -2
