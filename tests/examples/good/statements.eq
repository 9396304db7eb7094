const g = 9.81
t = 2.0(1) in 0..5; v = -3 ± 5%
s = g*t^2/2 + v*t
u = s/2
output s
