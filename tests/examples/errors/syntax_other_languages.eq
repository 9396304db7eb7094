y = if(a > 0 && b > 0, 1, 0)
z = !a
w := 3
n = x!
v = |x|
q = 7 % 2
