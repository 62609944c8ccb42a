"""Everything that knows API Gateway and HTTP.

`api`       the resolver that every handler is made of
`request`   who asks, and what: the verified user, the body, the precondition, the query
`answer`    JSON answers: compressed, tagged, cacheable
`problems`  errors as `application/problem+json`
`routes`    every address of the API and the methods it takes
"""
