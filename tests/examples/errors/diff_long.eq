# diff --shape nested
u = x*y*sin(x*y) + cos(x*y)*x + exp(x*y*x)
v = u*u*sin(u) + cos(u)*u + exp(u*u*y)
w = v*v*sin(v) + cos(v)*v + exp(v*v*y)
z = w*w*sin(w) + cos(w)*w + exp(w*w*y)
L = z*sin(z)
