# --only "x[0], x[5], a, L"
# a recurrence, its sum over the even steps
x[0] = 2; a = 0.5
x[t+1] = a*x[t] + t for t in 0..4
L = sum(x[i]^2 for i in 0..5 if i != 3)
