# --of L
# a sheet as explain prints it, but for the number of b: a note says so
e = a·b = 2·(−3) = −6
d = e + c = −6 + 10 = 4
L = d·f = 4·(−2) = −8
a = 2
b = -4
c = 10
f = -2
