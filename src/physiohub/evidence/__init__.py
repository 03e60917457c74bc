"""The review as a record: protocol, results, provenance."""
