a = 1
y = café + 2
