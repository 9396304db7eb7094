# Exactly on the border of a choice: a note, since the gradient is that of one side.
x = 1
f(t) = if(t < 1, t^2, 3*t - 2)
y = f(x) + max(x, z) + abs(x - 1)
z = 1
