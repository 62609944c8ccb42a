"""How the properties are run."""

import hypothesis

# How long an example takes says nothing about a rule, and the machines that run the checks are shared.
hypothesis.settings.register_profile("unit", deadline=None)
hypothesis.settings.load_profile("unit")
