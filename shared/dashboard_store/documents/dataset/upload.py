"""The request bodies that contain a table or an analysis, or announce a file."""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any, BinaryIO, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from dashboard_store.compression import gzipped
from dashboard_store.documents.config import Config, control_error
from dashboard_store.documents.config_schema import read_config
from dashboard_store.documents.dataset.csv_file import read_csv
from dashboard_store.documents.dataset.data_schema import ColumnsSchema, Content, make_schema
from dashboard_store.documents.dataset.json_file import read_json, read_ndjson
from dashboard_store.documents.dataset.rows import Progress, no_progress
from dashboard_store.documents.dataset.upload_body import read_body
from dashboard_store.documents.json_text import JsonObject, Rules, checked, compact, served
from dashboard_store.documents.schema import Schema
from dashboard_store.documents.unsafe_html import TextCheck
from dashboard_store.documents.validation import validated, with_first_unknown
from dashboard_store.errors import AnalysisTooLarge, InvalidData, UploadTooLarge
from dashboard_store.settings import Settings

type FileType = Literal["text/csv", "application/json", "application/x-ndjson"]


def _one_line(text: str) -> str:
    if error := control_error(text):
        raise PydanticCustomError("control_character", error)
    return text


type FileName = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_one_line)]


class UploadSchema(Schema):
    fileName: FileName  # noqa: N815 - the contract's names
    rawData: list[Any]  # noqa: N815 - whose content is read before
    dataSchema: ColumnsSchema | None = None  # noqa: N815
    analysis: JsonObject | None = None
    chartCustomizations: JsonObject | None = None  # noqa: N815


class AnnouncementSchema(Schema):
    """The body that announces a file of `bytes` bytes."""

    fileName: FileName  # noqa: N815
    contentType: FileType  # noqa: N815
    bytes: int = Field(ge=1)


def _delimits(text: str) -> str:
    if text == '"' or not (text.isprintable() or text == "\t"):
        raise PydanticCustomError("delimiter", "This cannot separate cells.")
    return text


class CompletionSchema(Schema):
    dataSchema: ColumnsSchema | None = None  # noqa: N815
    analysis: JsonObject | None = None
    delimiter: Annotated[str | None, Field(min_length=1, max_length=1), AfterValidator(_delimits)] = None


class AnalysisSchema(Schema):
    analysis: JsonObject


@dataclass(frozen=True, slots=True)
class Analysis:
    """An analysis that passed every check: its compact JSON, and the SHA-256 of that text."""

    text: str
    digest: bytes

    @property
    def stored(self) -> bytes:
        """The gzip of the JSON text that readers receive."""
        return gzipped(served(self.text))


@dataclass(frozen=True, slots=True)
class Upload:
    """A table that passed every check, and what was sent with it.

    `schema` is `dataSchema` as responses show it. `digest` is the SHA-256 of everything that was sent except the chart
    customizations; it identifies a repeated upload.
    """

    schema: JsonObject
    content: Content
    digest: bytes
    analysis: Analysis | None
    config: Config | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """The body that completes an upload; `digest` identifies a repeated one."""

    schema: ColumnsSchema
    analysis: Analysis | None
    delimiter: str | None
    digest: bytes


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file that was sent to the bucket."""

    name: str
    content_type: FileType
    content: BinaryIO


def read_upload(body: bytes, settings: Settings) -> Upload:
    """Read the body of an upload in bounded memory.

    Raises MalformedJson, RequestTooLarge, InvalidData, InvalidConfig, UnsafeText or another TooLarge error.
    """
    check = TextCheck()
    document, content = read_body(body, settings, check)
    texts = _texts(UploadSchema, document, settings, check)
    given = validated(UploadSchema.model_validate, document, InvalidData)
    if content is None:
        raise AssertionError("a body with an array of rows has a table")
    return Upload(
        schema=make_schema(given.fileName, given.dataSchema or ColumnsSchema(), content, settings, "/rawData"),
        content=content,
        digest=_digest(
            hashlib.sha256(content.stored).hexdigest(),
            *(texts.get(name, "") for name in ("fileName", "dataSchema", "analysis")),
        ),
        analysis=None if given.analysis is None else _analysis(texts["analysis"], settings),
        config=None
        if given.chartCustomizations is None
        else read_config({"chartCustomizations": given.chartCustomizations}, settings),
    )


def read_announcement(document: Any, settings: Settings) -> AnnouncementSchema:  # noqa: ANN401
    """Check the body that announces a file. Raises InvalidData or UploadTooLarge."""
    _texts(AnnouncementSchema, document, settings, TextCheck())
    body = validated(AnnouncementSchema.model_validate, document, InvalidData)
    limit = settings.max_upload_bytes
    if body.bytes > limit:
        detail = f"The file is {body.bytes} bytes; the limit is {limit}."
        raise UploadTooLarge(detail, limit_bytes=limit, actual_bytes=body.bytes)
    return body


def read_completion(document: Any, settings: Settings) -> Completion:  # noqa: ANN401
    """Check the body that completes an upload. Raises InvalidData or AnalysisTooLarge."""
    texts = _texts(CompletionSchema, document, settings, TextCheck())
    body = validated(CompletionSchema.model_validate, document, InvalidData)
    return Completion(
        schema=body.dataSchema or ColumnsSchema(),
        analysis=None if body.analysis is None else _analysis(texts["analysis"], settings),
        delimiter=body.delimiter,
        digest=_digest(
            *(texts.get(name, "") for name in ("dataSchema", "analysis")), *([body.delimiter] if body.delimiter else [])
        ),
    )


def read_uploaded(
    file: SentFile, completion: Completion, settings: Settings, progress: Progress = no_progress
) -> Upload:
    """Read an uploaded file in bounded memory. Raises InvalidData naming row and column, or UnsafeText."""
    content = _read_file(file, completion, settings, progress)
    if not content.rows:
        has_header = file.content_type == "text/csv"
        raise InvalidData("This file has a header but no rows." if has_header else "This file has no rows.")
    return Upload(
        schema=make_schema(file.name, completion.schema, content, settings),
        content=content,
        digest=_digest(file.name, file.content_type, _file_digest(file.content), completion.digest.hex()),
        analysis=completion.analysis,
    )


def read_analysis(document: Any, settings: Settings) -> Analysis:  # noqa: ANN401
    """Check the body `{"analysis": {…}}`. Raises InvalidData or AnalysisTooLarge."""
    # The envelope is one level of nesting, which does not count towards the analysis.
    checked(document, Rules(settings.max_depth + 1, InvalidData))
    return _analysis(compact(validated(AnalysisSchema.model_validate, document, InvalidData).analysis), settings)


def _texts(schema: type[Schema], document: Any, settings: Settings, check: TextCheck) -> dict[str, str]:  # noqa: ANN401
    """Check each member of a body separately, so that the body adds no level of nesting; return their compact JSON."""
    if not isinstance(document, dict):
        checked(document, Rules(settings.max_depth, InvalidData))
        # The schema reports what was expected instead.
        return {}
    return {
        name: checked(part, Rules(settings.max_depth, InvalidData, (None, name), texts=check))
        for name, part in with_first_unknown(schema.model_fields.keys(), document).items()
    }


def _read_file(file: SentFile, completion: Completion, settings: Settings, progress: Progress) -> Content:
    match file.content_type:
        case "text/csv":
            types = completion.schema.columnTypes or {}
            return read_csv(file.content, types, settings, completion.delimiter, progress)
        case "application/json":
            return read_json(file.content, settings, progress)
        case "application/x-ndjson":
            return read_ndjson(file.content, settings, progress)


def _analysis(text: str, settings: Settings) -> Analysis:
    encoded = text.encode()
    limit = settings.max_analysis_bytes
    if len(encoded) > limit:
        detail = f"The analysis is {len(encoded)} bytes as compact JSON; the limit is {limit}."
        raise AnalysisTooLarge(detail, limit_bytes=limit, actual_bytes=len(encoded))
    return Analysis(text, hashlib.sha256(encoded).digest())


def _file_digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(1_048_576):
        digest.update(block)
    return digest.hexdigest()


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\n".join(parts).encode()).digest()
