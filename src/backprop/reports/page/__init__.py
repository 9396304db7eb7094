"""An interactive page: one HTML file that needs no network."""
