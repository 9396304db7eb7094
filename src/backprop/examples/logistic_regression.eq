# Logistic regression: hours of study and an exam
# Twenty students; passed is 1 or 0. p is the chance to pass after so many hours, and
# the loss is the mean of what each student's result costs: -log of its chance.
#
# Try:  backprop descend logistic_regression.eq
#
# What comes out: loss = 0.401494 with w = 1.504645 and b = -4.077713, the numbers that
# statistics programs find too. An hour more multiplies the odds by exp(w) = 4.5.

p[i] = sigmoid(w*hours[i] + b) for i in 1..20
loss = mean(-passed[i]*log(p[i]) - (1 - passed[i])*log(1 - p[i]) for i in 1..20)
minimize loss

w = 0; b = 0

const hours, passed
hours[1] = 0.5; hours[2] = 0.75; hours[3] = 1; hours[4] = 1.25; hours[5] = 1.5
hours[6] = 1.75; hours[7] = 1.75; hours[8] = 2; hours[9] = 2.25; hours[10] = 2.5
hours[11] = 2.75; hours[12] = 3; hours[13] = 3.25; hours[14] = 3.5; hours[15] = 4
hours[16] = 4.25; hours[17] = 4.5; hours[18] = 4.75; hours[19] = 5; hours[20] = 5.5

passed[i] = 0 for i in [1, 2, 3, 4, 5, 6, 8, 10, 12, 14]
passed[i] = 1 for i in [7, 9, 11, 13, 15, 16, 17, 18, 19, 20]
