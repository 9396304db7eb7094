# Exercise 1, product: one product inside another
# Find the derivative of L by p, c, a and b.
# In a product, the slope by one factor is the other factor.
#
# Try:   backprop explain exercise_01_product.eq --hide-answers
# then:  backprop check exercise_01_product.eq --claims my_answers.txt
# with a line for each answer in my_answers.txt: dL/da = ...

p = a*b
L = p*c

a = 3; b = -5; c = 2
