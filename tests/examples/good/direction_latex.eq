# jacobian --along "x=1, y=0.5" --order 10 --format latex
L = x^3*y + y^12
x = 1; y = 2
