x[t+1] = x[t] + 1 for t in 0..9
w ~ normal(0, 1)
s = sum(i^2 for i in 1..3)
v = x[1]
