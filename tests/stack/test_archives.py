"""The running stack was deployed from the archives that the build left, as they are."""

import base64
import hashlib
import json

from support.running.local_stack import ROOT, LocalStack

PACKED = ROOT / ".aws-sam" / "local.packed"
CODE = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


def packed(kind: str) -> dict[str, str]:
    """Return the digest of the archive of each resource of a type, under the resource's name in the template."""
    resources = json.loads((PACKED / "template.json").read_text())["Resources"]
    archives = {name: each["Properties"][CODE[kind]] for name, each in resources.items() if each["Type"] == kind}
    return {name: digest((PACKED / archive).read_bytes()) for name, archive in archives.items()}


def digest(content: bytes) -> str:
    """Return the digest of an archive as Lambda writes it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def test_the_stack_runs_the_archives_of_the_build(stack: LocalStack) -> None:
    """Every function and the layer have the digest of their archive: SAM uploads it and packs nothing again."""
    client = stack.aws("lambda")
    described = stack.aws("cloudformation").describe_stack_resources(StackName="dashkeep")["StackResources"]
    functions = {
        each["LogicalResourceId"]: client.get_function(FunctionName=each["PhysicalResourceId"])["Configuration"]
        for each in described
        if each["ResourceType"] == "AWS::Lambda::Function"
    }
    assert {name: each["CodeSha256"] for name, each in functions.items()} == packed("AWS::Serverless::Function")
    (arn,) = {layer["Arn"] for each in functions.values() for layer in each["Layers"]}
    (layer,) = packed("AWS::Serverless::LayerVersion").values()
    assert client.get_layer_version_by_arn(Arn=arn)["Content"]["CodeSha256"] == layer
