V = k*x^2/2; k = 3; x = 2
a = grad(V); b = nabla(V); c = laplacian(V); d = hessian(V); e = div(V)
f = hessian(V, x, k); g = hessian(V, x); h = jacobian(V, x)
