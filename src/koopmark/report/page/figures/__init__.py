"""How figures look, and those that Python makes as plain values; the page has the colours."""
