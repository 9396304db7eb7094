# diff --format latex
h = tanh(w*x + b)
L = (h - y)^2/2
