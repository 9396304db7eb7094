# diff --format latex
x = 0.5; w = 2; b = -0.3; y = 0.4
h = tanh(w*x + b)
L = (h - y)^2/2
