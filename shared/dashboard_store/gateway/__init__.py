"""The HTTP and API Gateway layer; it is independent of the database.

`resolver`   what every request passes through: identity, errors, encoding, telemetry
`request`    a request as a value, from which a handler reads what it needs
`body`       the request body: media type, encoding, size
`response`   responses as values; their compression and encoding for Lambda
`problems`   errors as `application/problem+json`
`routes`     every path of the API and its methods
`telemetry`  one log line per request, with its metrics
`flags`      feature flags from AppConfig
"""
