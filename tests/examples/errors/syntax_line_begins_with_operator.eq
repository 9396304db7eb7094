y = a
  * b
