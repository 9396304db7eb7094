# A neuron, with a function of its own.
neuron(x, y) = tanh(w1*x + w2*y + bias)
w1 = -3; w2 = 1; bias = 6.8813735870195432
o = neuron(2, 0)
