# --format json --of L --of M
a = 1/3
L = a^2
M = sqrt(a - 1/3)
