x[0] = 1
x[t+1] = log(x[t]) for t in 0..5
L = x[6]
