a = \frac{x + 1}{2}x
b = \sqrt{x} + 2 \cdot \pi
c = \left(x^{2} - 1\right)/\ln x
d = x_{1} + x_{i,j}
e = \sum_{i=1}^{3} x^i
