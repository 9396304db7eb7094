"""Text ⇄ formulas: tokens (scanner), shapes (grammar), statements (parser), and formulas written again."""
