# --set lenght=3
length = 2
L = length^2
