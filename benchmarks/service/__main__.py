"""Measure the service process alone and print what came out: `python -m benchmarks.service`."""

from benchmarks.service.sections import report

for section in report():
    print(section.markdown())
