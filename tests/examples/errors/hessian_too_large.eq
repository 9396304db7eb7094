# hessian
L = sum((w[i] - w[i-1])^2 for i in 2..50)
w[i] = i for i in 1..50
