const g = 9.81
t = 7 ± 0.1 in 0..5
s = g*t^2/2
minimize s
