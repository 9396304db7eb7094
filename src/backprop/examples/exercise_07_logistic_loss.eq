# Exercise 7, logistic loss: a probability, marked
# Find the derivative of loss by p, z, w, x and b.
# p is the predicted probability of yes, t the share of people who said yes.
# The slope of sigmoid(z) is p*(1 - p). With these numbers exp(-z) is 1/4.
#
# Try:   backprop explain exercise_07_logistic_loss.eq --hide-answers
# then:  backprop check exercise_07_logistic_loss.eq --claims my_answers.txt
# with a line for each answer in my_answers.txt: dloss/dw = ...

z = w*x + b
p = sigmoid(z)
loss = -t*log(p) - (1 - t)*log(1 - p)
minimize loss

w = -4; b = 12 + log(4)
const x = 3; const t = 0.3
