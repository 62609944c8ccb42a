"""Measure the service process alone and print what came out: `python -m benchmarks.service`."""

from benchmarks.service.sections import sections

for section in sections():
    print(section.markdown())
