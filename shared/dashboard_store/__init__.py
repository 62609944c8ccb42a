"""Stores dashboard documents: versioned, never silently overwritten, isolated by owner.

Theory of operation
===================

A *config* is what the user of a dashboard arranged: charts, layout, filters, theme. It is a document with a *version*,
an integer that starts at 0 (nothing saved) and increases by exactly one with every accepted change; its entity tag is
that version. A save names the version that it replaces. In one transaction, the database either replaces the *newest*
version and adds the new one to history, or does neither and returns the newest version. No save silently overwrites
another, and every accepted version can be read again.

A *dataset* is the table that the charts show. An upload replaces it in the same way, and the last few uploads are kept.
A small table is stored in the database, a large one in a bucket; readers cannot see the difference.

A config is checked once, on arrival, and stored as the gzip of the exact JSON text that readers receive. Reading it
needs no JSON processing.

Everything that belongs to a user is in that user's partition of one table. A request reaches another user's partition
only as the guest of a project there, and then through `repository.guarded_items`: no read is answered and no write
happens without a grant of the owner's, which is looked up in the same call.

The modules
===========

`app`            the parts of a function, and the projects that its handlers open
`store`, `guest_store`
                 the repositories of a function, and those of a guest
`data_view`      what a response shows of a table; functions with and without a token share it
`gateway`        HTTP and API Gateway only: requests, responses, problems
`repository`     the stored items and objects, and how they change
`dynamodb`       the transport: DynamoDB's protocol without an SDK
`documents`      pure functions on documents: checking, merging, comparing
`preconditions`  If-Match and If-None-Match, evaluated against the newest version
`identifiers`    ids, versions, and the addresses built from them
`errors`         the errors, independent of HTTP
`settings`       the environment, read once
`collector`      the garbage collector, paused during a start
`retry`, `compression`
                 the retry loop; gzip and its levels

    functions → app → gateway              → documents, preconditions
                    → store   → repository → documents, preconditions
                                           → dynamodb

`errors`, `identifiers`, `settings`, `retry` and `compression` may be imported from anywhere. The repository is
independent of HTTP, the gateway of DynamoDB, and the documents of both.
"""
