# diff --wrt q
L = x*y
