"""What performance claims rest on: ratios measured side by side in one run. `make benchmark` runs all of it."""
