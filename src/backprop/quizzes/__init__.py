"""Questions about the two passes, and what their answers are worth: what `backprop quiz` asks."""
