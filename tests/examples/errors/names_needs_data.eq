L = mean((y - m)^2)
n = min(x)
