"""The local run: the real template, deployed to an emulator on loopback, with no AWS account and no Docker.

Theory of operation. `stack` is the supervisor. It builds (`build`), starts four child processes (`processes`, `child`)
and deploys with `sam deploy`, as on AWS:

* the *engine* (`database`): dynoxide, a DynamoDB on SQLite, because an accepted save has to survive SIGKILL;
* the *emulator* (`emulator`): MiniStack, which runs CloudFormation, API Gateway, Lambda, SQS and S3. `template` makes
  the only difference between what it deploys and what AWS deploys;
* the *bridge* (`bridge`): it feeds the functions from the table's stream as their event source mappings say
  (`mappings`, `filters`, `delivery`), and lets items expire;
* the *front* (`front`): the stable address. It serves the page and the token issuer (`issuer`), and forwards everything
  under /api to the deployed API, byte for byte.

All state is in one folder, so two stacks never share any, and deleting the folder deletes everything.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
