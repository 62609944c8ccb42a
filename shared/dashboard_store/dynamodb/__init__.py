"""The transport: DynamoDB's JSON protocol over HTTP/1.1, without an SDK.

`client`           one call: signed, bounded in time and attempts
`protocol`         values in DynamoDB's wire format, and the two ways in which a call fails
`connection_pool`  kept-alive connections to one server (RFC 9112, section 9.3)
`http_response`    reading one HTTP/1.1 response from a socket (RFC 9112)
`sigv4`            AWS Signature Version 4
`credentials`      the function's own credentials

It knows nothing of dashboards: `repository` says which items a call is about.
"""
