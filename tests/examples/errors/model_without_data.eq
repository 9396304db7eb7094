# a model is of the columns of a table
k = 2
y ~ a*exp(-k*x)
