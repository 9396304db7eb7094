x = 0.5
a = tahn(x)
b = cosec(x)
c = trigamma(x)
d = square(x)
e = int(x)
f = logit(x)
