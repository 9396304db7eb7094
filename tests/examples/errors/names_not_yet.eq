y ~ a*exp(-b*x)
w ~ normal(0, 1)
