# Exercise 10, least squares: a line, three points
# Find the derivative of L by r1, r2, r3, slope and offset.
# slope and offset are in every residual: each answer is a sum of three.
#
# Try:   backprop explain exercise_10_least_squares.eq --hide-answers
# then:  backprop check exercise_10_least_squares.eq --claims my_answers.txt
# with a line for each answer in my_answers.txt: dL/dslope = ...

r1 = slope*x1 + offset - y1
r2 = slope*x2 + offset - y2
r3 = slope*x3 + offset - y3
L = r1^2 + r2^2 + r3^2
minimize L

slope = 6; offset = -10
const x1 = 2; const y1 = -1
const x2 = 3; const y2 = 12
const x3 = 5; const y3 = 13
