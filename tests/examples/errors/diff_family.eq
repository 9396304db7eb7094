# diff --of y
y[i] = a*i for i in 1..3
