y = a − b × c · d
z = （a＋b） ÷ 2
w = x² + ½
