# Exercise 8, one neuron: tanh of a weighted sum
# Find the derivative of loss by error, h, z, w1, x1, w2, x2 and b.
# The slope of tanh(z) is 1 - h^2. With these numbers z is log(2) and h is 3/5.
#
# Try:   backprop explain exercise_08_one_neuron.eq --hide-answers
# then:  backprop check exercise_08_one_neuron.eq --claims my_answers.txt
# with a line for each answer in my_answers.txt: dloss/dw1 = ...

z = w1*x1 + w2*x2 + b
h = tanh(z)
error = h - target
loss = error^2
minimize loss

w1 = 3; w2 = 7; b = log(2) - 1
const x1 = 5; const x2 = -2
const target = -0.65
