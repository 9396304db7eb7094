# One neuron: it learns the word "or"
# Four rows say what it should answer to two inputs that are 0 or 1. One neuron
# can draw one straight line, and for this word that is enough. The larger the
# weights, the surer it is, and there is no end to that; so they have bounds.
#
# Try:  backprop grad one_neuron.eq --wrt "w, b"
# then: backprop descend one_neuron.eq --save trained.eq
# and:  backprop grad trained.eq --of right --only "p, right"
#
# What comes out: at first every answer is 1/2, the loss log(2) = 0.693147, and every
# slope -1/4. The loss falls to 0.004748, w[1] and w[2] rise to their bound 10, b falls
# to -4.6510, and all 4 answers are right.

z[i] = sum(w[k]*x[i,k] for k in 1..2) + b for i in 1..4
p[i] = sigmoid(z[i]) for i in 1..4
loss = mean(if(t[i] == 1, -log(p[i]), -log(1 - p[i])) for i in 1..4)
right = sum(if((p[i] > 0.5) == t[i], 1, 0) for i in 1..4)
minimize loss

w[k] = 0 in -10..10 for k in 1..2
b = 0 in -10..10

const x, t
x[1,1] = 0; x[1,2] = 0; t[1] = 0
x[2,1] = 0; x[2,2] = 1; t[2] = 1
x[3,1] = 1; x[3,2] = 0; t[3] = 1
x[4,1] = 1; x[4,2] = 1; t[4] = 1
