# --set x=2
xy = 3
L = xy^2
