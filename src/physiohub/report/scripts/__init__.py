"""The same analysis as code for Python, R and Stata: one file a target, with the data that it reads."""
