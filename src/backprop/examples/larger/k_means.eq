# K-means: the nearest of k centres
# The squared distances of n points in d dimensions to the nearest of k centres, summed.
# A problem of GradBench, with up to n = 1000000; points and centres are drawn at random
# in the unit cube.
#
# Try:  backprop descend k_means.eq
# then: backprop grad k_means.eq --set "n=100, k=7" --wrt "c[1,*]"
#
# What comes out: cost falls from 5.818094 to 1.204558 in 17 steps.

cost = sum(min(sum((x[p,i] - c[j,i])^2 for i in 1..d) for j in 1..k) for p in 1..n)
minimize cost

c[j,i] ~ uniform(0, 1) for j in 1..k, i in 1..d

const n = 40; const k = 4; const d = 2
const x
x[p,i] ~ uniform(0, 1) for p in 1..n, i in 1..d
