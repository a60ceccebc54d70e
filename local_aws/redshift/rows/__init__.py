"""The bytes of a file as rows: which are good, which are refused and why. No I/O."""
