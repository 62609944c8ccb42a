"""Keeps dashboard documents: versioned, never overwritten unseen, isolated by owner.

Theory of operation
===================

A *config* is what a dashboard's user arranged: charts, layout, filters, theme. It is a document with a *version*, an
integer that starts at 0 (nothing saved) and grows by exactly one with every accepted change; its entity tag is that
version. A save names the version that it replaces. The database moves the *head* from that version to the next and
adds the new version to history in one transaction, or does neither and hands back the head as it is now. So nobody
overwrites what he has not seen, and everything that was ever accepted can be looked up.

A *table* is what the charts show. An upload replaces it in the same way; the last few stay. A small table lies in the
database, a large one in a bucket, and which of the two it is no reader can tell.

A config is checked once, when it comes in, and stored as the gzip of the very JSON text that a reader will get. Reading
does no JSON work at all.

Everything that belongs to a user lies in that user's partition of one table. The partition key is made of the verified
token alone, so no request can name somebody else's item.

The modules
===========

`errors`         what can go wrong, without HTTP
`json_document`  JSON that comes back as it was sent
`config`, `config_form`, `project`, `table_data`, `validation`
                 the documents: their form, their limits, their stored shape
`unsafe_text`, `html_tags`
                 text that a browser would execute, told from the text alone
`merge`, `diff`  what two sides changed, joined; what changed between two versions
`preconditions`  If-Match and If-None-Match as a function of the current version
`repository`     the only package that knows DynamoDB and S3
`gateway`        the only package that knows API Gateway and HTTP
`settings`       the environment, read once

`functions → gateway → {documents, merge, preconditions, errors} ← repository`: the repository never says HTTP, the
gateway never says DynamoDB.
"""
