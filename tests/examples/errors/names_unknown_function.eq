y = sen(x) + ln(x)
z = arcsin(x)
w = a(b + c)
v = sigmod(x)
