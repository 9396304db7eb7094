e = a*b; d = e+c; L = d*f        # a=2, b=-3, c=10, f=-2
a = 2; b = -3; c = 10; f = -2
