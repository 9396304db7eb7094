# diff --order 2 --pretty
k = 2; x = 0.5; y = 3
E = k*x^2/2 + exp(-x*y)
