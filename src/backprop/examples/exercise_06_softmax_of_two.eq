# Exercise 6, softmax of two: scores into shares
# Find the derivative of L by p1, p2, total, e1, e2, s1 and s2.
# e1 counts twice, in p1 and in total; so does e2. With these scores e1 is 2
# and e2 is 8. Does it surprise you what the last two answers add up to?
#
# Try:   backprop explain exercise_06_softmax_of_two.eq --hide-answers
# then:  backprop check exercise_06_softmax_of_two.eq --claims my_answers.txt
# with a line for each answer in my_answers.txt: dL/ds1 = ...

e1 = exp(s1)
e2 = exp(s2)
total = e1 + e2
p1 = e1/total
p2 = e2/total
L = 5*p1 - 10*p2

s1 = log(2); s2 = log(8)
