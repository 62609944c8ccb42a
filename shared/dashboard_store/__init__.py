"""Keeps dashboard documents: versioned, never overwritten unseen, isolated by owner.

Theory of operation
===================

A *config* is what the user of a dashboard arranged: charts, layout, filters, theme. It is a document with a *version*,
an integer that starts at 0 (nothing saved) and grows by exactly one with every accepted change; its entity tag is that
version. A save names the version that it replaces. In one transaction the database replaces the *newest* version and
adds the new one to history, or it does neither and returns the newest version as it is. So no save silently overwrites
another, and every accepted version can be read again.

A *dataset* is the table that the charts show. An upload replaces it in the same way, and the last few stay. A small
table is stored in the database, a large one in a bucket; no reader can tell which.

A config is checked once, when it comes in, and stored as the gzip of the very JSON text that readers get. Reading it
does no JSON work at all.

Everything that belongs to a user is in that user's partition of one table. The partition key is made of the verified
token alone, so no request can name another user's item.

The modules
===========

`app`            what a function is made of; alone in knowing both the gateway and the repository
`gateway`        HTTP and API Gateway, and nothing else: requests, responses, problems
`repository`     which items and objects there are, and how they change
`dynamodb`       the transport: DynamoDB's protocol without an SDK
`documents`      the documents as functions of values: checked, merged, compared
`preconditions`  If-Match and If-None-Match as a function of the newest version
`identifiers`    ids, versions, and the addresses made of them
`errors`         what can go wrong, without HTTP
`settings`       the environment, read once
`retry`, `compression`
                 the one retry loop; gzip and its levels

    functions → app → gateway    → documents, preconditions
                    → repository → documents, preconditions
                                 → dynamodb

`errors`, `identifiers`, `settings`, `retry` and `compression` may be imported from anywhere. The repository never says
HTTP, the gateway never says DynamoDB, and documents know neither.
"""
