a = 2
y = a^2
z = a^3
