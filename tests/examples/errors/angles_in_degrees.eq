y = sin(90deg)
z = cos(-45 degrees) + 1/30 deg
