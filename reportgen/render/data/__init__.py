"""findings.json and what is made of it: tables, files for CI."""
