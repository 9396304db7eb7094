# Exercise 5, relu: one gate open, one gate shut
# Find the derivative of L by h1, h2, z1, z2, x and y.
# The slope of relu(z) is 1 where z > 0, and 0 where z < 0.
#
# Try:   backprop explain exercise_05_relu.eq --hide-answers
# then:  backprop check exercise_05_relu.eq --claims my_answers.txt
# with a line for each answer in my_answers.txt: dL/dx = ...

z1 = 5*x + 4*y
z2 = x*y
h1 = relu(z1)
h2 = relu(z2)
L = 8*h1 - 9*h2

x = 3; y = -2
