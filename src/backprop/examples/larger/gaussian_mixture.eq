# A mixture of Gaussians: its log-likelihood
# How likely are n points x under k Gaussians in d dimensions, each with a weight, a mean
# and a factor of its inverse covariance: exp(q) on the diagonal, and l below it? The
# problem GMM of the collections ADBench and GradBench, with the Wishart prior that they
# put on the factors. They have n = 1000, d = 2 to 64 and k = 5 to 100.
#
# Try:  backprop grad gaussian_mixture.eq
# then: backprop grad gaussian_mixture.eq --set "n=60, d=3" --wrt mu
#
# What comes out: L = -123.185815, and for n = 60 and d = 3 L = -415.283947.

u[p,c,i] = exp(q[c,i])*(x[p,i] - mu[c,i]) +
    sum(l[c,i,j]*(x[p,j] - mu[c,j]) for j in 1..i-1) for p in 1..n, c in 1..k, i in 1..d
t[p,c] = alpha[c] + scale[c] - sum(u[p,c,i]^2 for i in 1..d)/2 for p in 1..n, c in 1..k
scale[c] = sum(q[c,i] for i in 1..d) for c in 1..k
likely = sum(logsumexp(t[p,c] for c in 1..k) for p in 1..n)
weights = logsumexp(alpha[c] for c in 1..k)
prior = sum(m*scale[c] - gamma^2*size[c]/2 for c in 1..k) + k*unit
L = likely - n*weights - n*d*log(2*pi)/2 + prior
maximize L

alpha[c] ~ normal(0, 1) for c in 1..k
mu[c,i] ~ uniform(0, 1) for c in 1..k, i in 1..d
q[c,i] ~ normal(0, 1) for c in 1..k, i in 1..d
l[c,i,j] ~ normal(0, 1) for c in 1..k, i in 2..d, j in 1..i-1

const n = 20; const d = 2; const k = 5
const gamma = 1; const m = 0
const x
x[p,i] ~ normal(0, 1) for p in 1..n, i in 1..d

# of the prior: the squared elements of a factor, and what makes it a density
size[c] = sum(exp(q[c,i])^2 for i in 1..d) +
    sum(l[c,i,j]^2 for i in 2..d, j in 1..i-1) for c in 1..k
free = d + m + 1
unit = free*d*(log(gamma) - log(2)/2) - d*(d - 1)*log(pi)/4 -
    sum(lgamma((free + 1 - j)/2) for j in 1..d)
