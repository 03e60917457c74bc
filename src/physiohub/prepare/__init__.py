"""From the cells of an extraction sheet to arms that can be analysed: instruments, conversions, choices."""
