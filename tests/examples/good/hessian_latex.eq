# hessian --format latex --set "x_1=1, y=2"
L = x_1^3*y
