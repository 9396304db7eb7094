length = 2
area = lenght*width
L = area + π
