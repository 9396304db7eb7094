# Log-sum-exp: a smooth maximum
# The logarithm of the sum of exp(x[i]) lies above the largest x, by at most log(n). Its
# slopes are the softmax: positive, and 1 together. A problem of GradBench, with up to
# n = 1000000; x is drawn at random.
#
# Try:  backprop grad log_sum_exp.eq
# then: backprop grad log_sum_exp.eq --set n=1000
#
# What comes out: y = 5.147766, and for n = 1000 y = 7.432470.

y = logsumexp(x[i] for i in 1..n)
x[i] ~ normal(0, 1) for i in 1..n
const n = 100
