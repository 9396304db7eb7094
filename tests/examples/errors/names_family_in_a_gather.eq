w[i] = i for i in 1..3
f(t) = t^2
total = sum(w)
slope = f'(3)
count = range(3)
