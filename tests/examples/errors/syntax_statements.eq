minimise s
minimize s^2
s = g*t in 0..5
t in 0..5
a = 2(3)
b = 5 % 3
c = 2.0(1)*t
const k 3
