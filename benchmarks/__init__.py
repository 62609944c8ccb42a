"""What performance claims rest on: ratios measured side by side in one run. `make bench` runs it."""
