y = e^x
