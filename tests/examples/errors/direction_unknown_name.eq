# jacobian --along "lenght=1"
y = length^2
length = 1
