"""Graphs and their derivatives as JavaScript, for pages: `page_numbers` writes them."""
