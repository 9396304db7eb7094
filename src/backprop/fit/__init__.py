"""Parameters of equations by least squares over rows of data, and how well the data determine them."""
