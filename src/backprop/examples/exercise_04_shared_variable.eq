# Exercise 4, shared variable: contributions add up
# Find the derivative of L by u, v, x and y.
# x and y are each used twice: a derivative is the sum over all uses.
#
# Try:   backprop explain exercise_04_shared_variable.eq --hide-answers
# then:  backprop check exercise_04_shared_variable.eq --claims my_answers.txt
# with a line for each answer in my_answers.txt: dL/dx = ...

u = x*y
v = 7*x - 4*y
L = u*v

x = 2; y = 5
