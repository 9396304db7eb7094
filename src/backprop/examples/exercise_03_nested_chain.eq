# Exercise 3, nested chain: four links in a row
# Find the derivative of L by s, w, u and x.
# Each link multiplies what arrives by its own slope; go from L back to x.
#
# Try:   backprop explain exercise_03_nested_chain.eq --hide-answers
# then:  backprop check exercise_03_nested_chain.eq --claims my_answers.txt
# with a line for each answer in my_answers.txt: dL/dx = ...

u = 10 - 3*x
w = u^2 + 9
s = sqrt(w)
L = s^3

x = 2
