"""The local run: the real template, deployed to an emulator on loopback, with no AWS account and no Docker.

Theory of operation. `stack` is the supervisor. It builds (`build`), starts three child processes (`processes`, `child`)
and deploys with the same `sam deploy` that AWS gets:

* the *engine* (`database`): dynoxide, a DynamoDB on SQLite, because an accepted save has to survive SIGKILL;
* the *emulator* (`emulator`): MiniStack, which runs CloudFormation, API Gateway, Lambda and S3. `template` is the one
  difference between what it is given and what AWS is given;
* the *front* (`front`): the stable address. It serves the page, speaks for the token issuer (`issuer`) and passes
  everything under /api on to the deployed API, byte for byte.

All state lies in one folder, so that two stacks never meet and deleting the folder deletes everything.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
