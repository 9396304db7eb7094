a*b + c
5
rate
