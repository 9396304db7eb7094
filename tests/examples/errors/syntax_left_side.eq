2*x = 3
= 4
a + b = c
x += 1
if = 2
