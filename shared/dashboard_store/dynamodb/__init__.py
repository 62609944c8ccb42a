"""The transport: DynamoDB's JSON protocol over HTTP/1.1, without an SDK.

`client`           one call: signed, with limited time and attempts
`protocol`         values in DynamoDB's wire format, and the two ways a call can fail
`connection_pool`  persistent connections to one server (RFC 9112, section 9.3)
`http_response`    reading one HTTP/1.1 response from a socket (RFC 9112)
`sigv4`            AWS Signature Version 4
`credentials`      the function's own credentials

It knows nothing about dashboards: `repository` decides which items a call is about.
"""
