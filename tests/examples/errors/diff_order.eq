# diff --order 2 --wrt x,y,z
L = x*y*z
