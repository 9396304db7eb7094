A ~ normal(mu, 1)
y = A^2
