"""FastAPI behind Mangum: asynchronous views that return documents; a Pydantic model checks the body."""

import json
from typing import Annotated, Any

import storage
from fastapi import FastAPI, Header, Request
from fastapi.responses import JSONResponse
from mangum import Mangum
from pydantic import BaseModel

app = FastAPI()
handler = Mangum(app, lifespan="off")


class DashboardConfig(BaseModel):
    chartCustomizations: dict[str, dict[str, Any]]  # noqa: N815 - the contract's names
    currentLayout: dict[str, Any] | str | None = None  # noqa: N815
    filters: list[dict[str, Any]] | None = None
    theme: dict[str, Any] | str | None = None
    extensions: dict[str, Any] | None = None


@app.get("/api/projects/{project_id}/config")
async def load(project_id: str, request: Request) -> JSONResponse:
    document = json.loads(storage.get(_key(project_id, request)))
    # FastAPI sends an explicit response without copying it through its encoder.
    return JSONResponse(document, headers=storage.etag(document))


@app.put("/api/projects/{project_id}/config")
async def save(
    project_id: str, config: DashboardConfig, request: Request, if_match: Annotated[str, Header()]
) -> JSONResponse:
    saved = storage.put(_key(project_id, request), if_match, config.model_dump(exclude_unset=True))
    return JSONResponse(saved, headers=storage.etag(saved))


def _key(project_id: str, request: Request) -> Any:  # noqa: ANN401 - as the client takes it
    user = request.scope["aws.event"]["requestContext"]["authorizer"]["jwt"]["claims"]["sub"]
    return storage.key(user, project_id)
