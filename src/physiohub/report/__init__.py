"""What a reader sees: numbers as text, tables, figures and the document, all from the record alone."""
