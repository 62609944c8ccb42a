"""Tables: through the API, and as files by presigned forms and addresses.

What is sent to the bucket needs no token: the signature is the right.
"""

import csv
import io
import json
import time
from typing import Any, Final

from deployment.api import Answer, Deployment, UnexpectedError, User, require, require_equal

ROWS: Final = [
    {"month": "2026-01", "region": "EU", "revenue": 1200},
    {"month": "2026-02", "region": "Ü", "revenue": 1340.5},
]
TABLE: Final[dict[str, Any]] = {"fileName": "sales.csv", "rawData": ROWS}
SMALL: Final = "id,place,amount,code\n1,Zürich,12.50,007\n2,,3.00,\n"
# Read at once are files of up to 5 MB; these rows are more than an answer holds, too.
LARGE_ROWS: Final = 140_000
_LARGE_SECONDS: Final = 150


def large() -> str:
    """Return a CSV file of about 6 MB."""
    lines = (
        f"{number},place {number % 977} of the list,{number % 1_000}.{number % 90 + 10},{number:08}"
        for number in range(LARGE_ROWS)
    )
    return "id,place,amount,code\n" + "\n".join(lines) + "\n"


def announce(owner: User, project: str, content: str) -> dict[str, Any]:
    """Announce a CSV file; return its presigned form."""
    body = {"fileName": "file.csv", "contentType": "text/csv", "bytes": len(content.encode())}
    announced: dict[str, Any] = owner.ask(201, "POST", f"{project}/data/uploads", body).json
    return announced


def sent(deployment: Deployment, form: dict[str, Any], content: str, **fields: str) -> Answer:
    """Send a file by a form, as a page does, with some of its fields replaced."""
    return deployment.bucket(
        "POST", form["url"], data=form["fields"] | fields, files={"file": ("file.csv", content.encode())}
    )


def complete(owner: User, project: str, form: dict[str, Any]) -> Answer:
    return owner.send("POST", f"{project}/data/uploads/{form['uploadId']}/complete", {})


def require_csv(answer: Answer, content: str) -> None:
    """Require that a CSV file holds the cells of another, whatever its quotes."""
    found, wanted = (list(csv.reader(io.StringIO(text, newline=""))) for text in (answer.content.decode(), content))
    if found != wanted:
        differs = next((n for n, rows in enumerate(zip(found, wanted, strict=False)) if rows[0] != rows[1]), "the last")
        what = f"expected {len(wanted)} lines, came {len(found)}, which differ first at line {differs}"
        raise UnexpectedError(f"{answer.request}: {what}, in {answer}")


def test_table(owner: User, project: str) -> None:
    """A table sent through the API comes back with equal rows, as JSON, as a page of rows and as CSV."""
    path = f"{project}/data"
    made = owner.ask(201, "POST", path, TABLE)
    require_equal(made.json["version"], 1, "the version", made)
    loaded = owner.ask(200, "GET", path)
    require_equal(loaded.json["rawData"], ROWS, "the rows", loaded)
    owner.ask(304, "GET", path, if_none_match=loaded.tag)
    page = owner.ask(200, "GET", f"{path}?rows=1-1")
    require_equal(page.json["rawData"], ROWS[1:], "the page of rows", page)
    require_csv(
        owner.ask(200, "GET", f"{path}?format=csv"), "month,region,revenue\n2026-01,EU,1200\n2026-02,Ü,1340.5\n"
    )


def test_versions(owner: User, project: str) -> None:
    """A second table is a new version, and the first one can still be loaded."""
    path = f"{project}/data"
    owner.ask(201, "POST", path, TABLE)
    owner.ask(201, "POST", path, {**TABLE, "rawData": ROWS[:1]})
    listed = owner.ask(200, "GET", f"{path}/versions")
    require_equal([each["version"] for each in listed.json["versions"]], [2, 1], "the versions", listed)
    first = owner.ask(200, "GET", f"{path}/versions/1")
    require_equal(first.json["rawData"], ROWS, "the first table", first)


def test_analysis(owner: User, project: str) -> None:
    """An analysis is saved under the table's entity tag, and a stale one is answered 412."""
    path = f"{project}/data"
    tag = owner.ask(201, "POST", path, TABLE).tag
    owner.ask(200, "PUT", f"{path}/analysis", {"analysis": {"summary": "Revenue grows."}}, if_match=tag)
    owner.ask(412, "PUT", f"{path}/analysis", {"analysis": {"summary": "Late"}}, if_match=tag)
    loaded = owner.ask(200, "GET", f"{path}?include=analysis")
    require_equal(loaded.json["analysis"], {"summary": "Revenue grows."}, "the analysis", loaded)


def test_schema(owner: User, project: str) -> None:
    """A column is renamed and read as another type in a new version of the same cells."""
    path = f"{project}/data"
    tag = owner.ask(201, "POST", path, TABLE).tag
    columns = {"month": {"name": "period"}, "revenue": {"type": "string"}}
    owner.ask(201, "PUT", f"{path}/schema", {"columns": columns}, if_match=tag)
    loaded = owner.ask(200, "GET", path)
    wanted = [{"period": row["month"], "region": row["region"], "revenue": str(row["revenue"])} for row in ROWS]
    require_equal(loaded.json["rawData"], wanted, "the rows", loaded)


def test_small_file(owner: User, deployment: Deployment, project: str) -> None:
    """A small CSV file goes to the bucket by its form and is read at once; every cell comes back as the same text."""
    form = announce(owner, project, SMALL)
    sent(deployment, form, SMALL).expect(204)
    made = complete(owner, project, form).expect(201)
    require_equal(made.json["dataSchema"]["rowCount"], 2, "the number of rows", made)
    require_csv(owner.ask(200, "GET", f"{project}/data?format=csv"), SMALL)
    state = owner.ask(200, "GET", f"{project}/data/uploads/{form['uploadId']}")
    require_equal([state.json["status"], state.json["version"]], ["done", 1], "the upload", state)


def test_large_file(owner: User, deployment: Deployment, project: str) -> None:
    """A CSV file of 6 MB is read in the background, with progress; what is downloaded is equal, as JSON and as CSV."""
    content = large()
    form = announce(owner, project, content)
    sent(deployment, form, content).expect(204)
    started = complete(owner, project, form).expect(202)
    require(
        holds=int(started.header("retry-after")) >= 1, otherwise="expected a Retry-After of seconds", answer=started
    )
    require_read(owner, started.header("location"))
    loaded = owner.ask(200, "GET", f"{project}/data")
    require(holds=loaded.json["rawData"] is None, otherwise="expected rawData to be null", answer=loaded)
    rows = deployment.bucket("GET", loaded.json["rawDataUrl"]).expect(200)
    wanted = [
        {"id": number, "place": line[1], "amount": float(line[2]), "code": line[3]}
        for number, line in enumerate(list(csv.reader(io.StringIO(content)))[1:])
    ]
    require(holds=json.loads(rows.content) == wanted, otherwise="expected the rows of the file", answer=rows)
    page = owner.ask(200, "GET", f"{project}/data?rows=100000-100009")
    require_equal(page.json["rawData"], wanted[100_000:100_010], "the page of rows", page)
    redirect = owner.send("GET", f"{project}/data?format=csv")
    require(holds=redirect.status in {302, 303, 307}, otherwise="expected a redirect to the bucket", answer=redirect)
    require_csv(deployment.bucket("GET", redirect.header("location")).expect(200), content)


def require_read(owner: User, location: str) -> None:
    """Ask for an upload's progress, as often as it says, until it is read."""
    deadline = time.monotonic() + _LARGE_SECONDS
    while (state := owner.ask(200, "GET", location)).json["status"] == "processing":
        read, of = state.json["bytesRead"], state.json["bytes"]
        require(holds=0 <= read <= of, otherwise=f"expected progress, came {read} of {of} bytes", answer=state)
        if time.monotonic() > deadline:
            raise UnexpectedError(f"{state.request}: expected the file to be read within {_LARGE_SECONDS} s")
        time.sleep(float(state.header("retry-after")))
    require_equal(state.json["status"], "done", "the status", state)


def test_altered_forms(owner: User, deployment: Deployment, project: str) -> None:
    """The bucket refuses a form with another key or media type, one without its signature, and a file of more bytes."""
    form = announce(owner, project, SMALL)
    fields = form["fields"]
    unsigned = {name: value for name, value in fields.items() if "signature" not in name.lower()}
    attempts = {
        "another key": sent(deployment, form, SMALL, key="uploads/another/place"),
        "another media type": sent(deployment, form, SMALL, **{"Content-Type": "text/html"}),
        "a larger file": sent(deployment, form, SMALL + "3,a,1,b\n"),
        "no signature": sent(deployment, {**form, "fields": unsigned}, SMALL),
    }
    for name, answer in attempts.items():
        refused = 400 <= answer.status < 500
        require(holds=refused, otherwise=f"expected {name} to be refused", answer=answer)
    complete(owner, project, form).expect(422, "invalid-data")


def test_altered_addresses(owner: User, deployment: Deployment, project: str) -> None:
    """The bucket refuses a download without its signature, or of another object, and a list of what it holds."""
    content = large()[:5_000_000].rpartition("\n")[0] + "\n"
    form = announce(owner, project, content)
    sent(deployment, form, content).expect(204)
    complete(owner, project, form)
    require_read(owner, f"{project}/data/uploads/{form['uploadId']}")
    address = owner.ask(200, "GET", f"{project}/data").json["rawDataUrl"]
    plain, _, query = address.partition("?")
    deployment.bucket("GET", address).expect(200)
    attempts = {
        "no signature": plain,
        "another object": f"{plain}x?{query}",
        "a list": f"{form['url']}?list-type=2",
    }
    for name, url in attempts.items():
        answer = deployment.bucket("GET", url)
        require(holds=answer.status == 403, otherwise=f"expected {name} to be refused with 403", answer=answer)
