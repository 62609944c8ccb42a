"""Everything that knows API Gateway and HTTP, and nothing that knows a database.

`resolver`   what every request passes: identity, errors, encoding, telemetry
`request`    one request as a value, from which a handler takes what it needs
`body`       the body of a request: media type, encoding, size
`response`   responses as values; compressing and writing them for Lambda
`problems`   errors as `application/problem+json`
`routes`     every path of the API and its methods
`telemetry`  one line in the log for each request, with its metrics
`flags`      feature flags from AppConfig
"""
