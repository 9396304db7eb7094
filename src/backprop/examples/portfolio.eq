# A portfolio: shares through a softmax
# Scores s of any size become shares that are positive and add up to 1. The worth of a
# portfolio is its gain in a year, less fear/2 times its variance; ascent finds the best.
# Of s the worth is maximised; what is const is known, and no descent moves it.
#
# Try:  backprop descend portfolio.eq --save best.eq
# then: backprop grad best.eq --only "share, gain, variance"
#
# What comes out: the worth rises from 0.038416 to 0.040133. The best shares are 0.2285,
# 0.4410, 0.1407 and 0.1898, with a gain of 0.0507 and a variance of 0.0042; there the
# slopes by all four are the same, 0.0295, so that it does not pay to shift anything.

share[i] = exp(s[i] - logsumexp(s[k] for k in 1..4)) for i in 1..4
gain = sum(share[i]*mu[i] for i in 1..4)
risk[i] = share[i]*sd[i] for i in 1..4
variance = sum(risk[i]^2 for i in 1..4) +
    2*sum(risk[i]*risk[k]*r[i,k] for i in 1..3, k in 2..4 if i < k)
worth = gain - fear/2*variance
maximize worth

s[i] = 0 for i in 1..4    # where the search starts: a quarter each
const fear = 5

# expected gain, standard deviation and correlations: cash, bonds, stocks, new markets
const mu, sd, r
mu[1] = 0.03; mu[2] = 0.04; mu[3] = 0.065; mu[4] = 0.09
sd[1] = 0.02; sd[2] = 0.06; sd[3] = 0.15; sd[4] = 0.22
r[1,k] = 0 for k in 2..4
r[2,3] = 0.2; r[2,4] = 0.1; r[3,4] = 0.5
