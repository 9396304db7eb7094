x[i] = i for i in 1..2
y[i] = 2*i for i in 1..2
y[i] ~ a*x[i] for i in 1..2
a = 1
residuals = a^2
