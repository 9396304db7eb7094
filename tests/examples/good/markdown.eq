# --format markdown
a = 2
L = a^2/3
