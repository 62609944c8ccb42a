"""The measurements behind all performance claims: ratios measured side by side in one run, by `make bench`."""
