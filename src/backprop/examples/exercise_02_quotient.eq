# Exercise 2, quotient: what stands below the line
# Find the derivative of L by u, v, a, b, c and d.
# The slope of u/v by v is -u/v^2; and mind the sign of d.
#
# Try:   backprop explain exercise_02_quotient.eq --hide-answers
# then:  backprop check exercise_02_quotient.eq --claims my_answers.txt
# with a line for each answer in my_answers.txt: dL/da = ...

u = a*b
v = c - d
L = u/v

a = 6; b = 8; c = 9; d = 5
