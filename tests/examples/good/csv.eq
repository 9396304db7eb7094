# --format csv
a = 1/3
L = a^2
