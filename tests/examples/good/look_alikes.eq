c = 2  # Latin
y = с² + c  # Cyrillic, then Latin
с = 3
