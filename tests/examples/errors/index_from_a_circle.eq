x[i] = i/3 for i in 1..3
v = 0.5*v
w = softmax(x[*], v)
