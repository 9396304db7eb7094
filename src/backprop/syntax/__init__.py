"""Text ⇄ formulas, in this order: `scanner` cuts a text into statements of tokens, each spelled as
`spelling` says; `grammar` gives a statement its shape, the nodes of its formula in postfix order;
`parser` joins both to a Statement, or says by `faults` why there is none. `fold` makes something of
a Statement, `functions` a function of Python's, `notation` and `latex` a text to read; `bodies` has
the parts of statements with indices."""
