# Exercise 9, two layers: two neurons feed a third
# Find the derivative of loss by y, v1, v2, h1, h2, z1, z2, w1, b1, w2, b2, x.
# The slope of tanh(z) is 1 - h^2. With these numbers z1 is log(2), h1 is 3/5,
# z2 is -log(3) and h2 is -4/5. x reaches the loss along two ways.
#
# Try:   backprop explain exercise_09_two_layers.eq --hide-answers
# then:  backprop check exercise_09_two_layers.eq --claims my_answers.txt
# with a line for each answer in my_answers.txt: dloss/dw1 = ...

z1 = w1*x + b1
z2 = w2*x + b2
h1 = tanh(z1)
h2 = tanh(z2)
y = v1*h1 + v2*h2
loss = (y - target)^2
minimize loss

w1 = 2; b1 = log(2) - 6
w2 = -4; b2 = 12 - log(3)
v1 = 5; v2 = -10
const x = 3; const target = 11.25
