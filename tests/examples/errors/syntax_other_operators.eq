y = if(x =< 2, 1, 2)
z = if(x <> 2, 1, 2)
w = x//2
v = 1,000*x
u = sin^2(x)
t = 2 sin(x)
