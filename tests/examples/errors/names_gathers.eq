y = mean(a, b)
