# diff --order 2 --pretty
E = k*x^2/2 + exp(-x*y)
