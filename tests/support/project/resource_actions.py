"""The actions by which CloudFormation creates, reads, updates, tags and deletes the resources of template.yaml.

Each resource type's schema names them (`handlers.*.permissions`, `tagging.permissions`); cfn-lint ships the schemas of
CloudFormation's registry. A schema names what any property might need, so UNUSED lists what ours do not.
"""

from fnmatch import fnmatchcase

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

# Not `list`: a deployment lists no resources.
_HANDLERS = ("create", "read", "update", "delete")

# Beyond the schemas, with the page that says so.
FURTHER: dict[str, set[str]] = {
    # API Gateway's developer guide, "Configure logging for HTTP APIs".
    "AWS::ApiGatewayV2::Stage": {
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
    },
    # The same, "Using service-linked roles for API Gateway".
    "AWS::ApiGatewayV2::Api": {"iam:CreateServiceLinkedRole"},
}

# The reason why the stack never needs an action, by resource type and action.
UNUSED: dict[tuple[str, str], str] = {
    ("*", "kms:*"): "no resource has a key of the customer's",
    ("AWS::ApiGatewayV2::Api", "s3:*"): "the API's body is in the template",
    ("AWS::ApiGatewayV2::Integration", "iam:PassRole"): "the function's own policy lets API Gateway call it",
    ("AWS::AppConfig::ConfigurationProfile", "iam:PassRole"): "the flags are hosted by AppConfig",
    ("AWS::CodeDeploy::DeploymentGroup", "codedeploy:RegisterOnPremisesInstance"): "functions run on no instance",
    ("AWS::DynamoDB::Table", "dynamodb:DeleteTable"): "the table is retained, even if its creation is rolled back",
    ("AWS::DynamoDB::Table", "dynamodb:*Import*"): "the table starts empty",
    ("AWS::DynamoDB::Table", "dynamodb:*TableReplica"): "the table has no replica",
    ("AWS::DynamoDB::Table", "dynamodb:*Item"): "only replicas copy items",
    ("AWS::DynamoDB::Table", "dynamodb:Scan"): "only replicas copy items",
    ("AWS::DynamoDB::Table", "dynamodb:Query"): "only replicas copy items",
    ("AWS::DynamoDB::Table", "dynamodb:UpdateContributorInsights"): "it has no Contributor Insights",
    ("AWS::DynamoDB::Table", "dynamodb:*ableKinesisStreamingDestination"): "its stream is DynamoDB's own",
    ("AWS::DynamoDB::Table", "dynamodb:UpdateKinesisStreamingDestination"): "its stream is DynamoDB's own",
    ("AWS::DynamoDB::Table", "dynamodb:PutResourcePolicy"): "it has no policy of its own",
    ("AWS::DynamoDB::Table", "dynamodb:DeleteResourcePolicy"): "it has no policy of its own",
    ("AWS::DynamoDB::Table", "kinesis:*"): "its stream is DynamoDB's own",
    ("AWS::DynamoDB::Table", "iam:*"): "only replicas need a role",
    ("AWS::DynamoDB::Table", "logs:*"): "only an import writes a log",
    ("AWS::DynamoDB::Table", "s3:*"): "only an import reads a bucket",
    ("AWS::IAM::Policy", "iam:*GroupPolicy"): "the policies are roles'",
    ("AWS::IAM::Policy", "iam:*UserPolicy"): "the policies are roles'",
    ("AWS::IAM::Role", "iam:DeleteRolePermissionsBoundary"): "a role without its boundary could do anything",
    ("AWS::Lambda::*", "lambda:*utProvisionedConcurrencyConfig"): "no concurrency is provisioned",
    ("AWS::Lambda::*", "lambda:DeleteProvisionedConcurrencyConfig"): "no concurrency is provisioned",
    ("AWS::Lambda::*", "lambda:PutRuntimeManagementConfig"): "Lambda updates the runtime",
    ("AWS::Lambda::*", "lambda:PutFunctionScalingConfig"): "functions run on no capacity provider",
    ("AWS::Lambda::Function", "lambda:PassCapacityProvider"): "functions run on no capacity provider",
    ("AWS::Lambda::Function", "lambda:AssociateRuntimeAlias"): "functions have no runtime alias",
    ("AWS::Lambda::Function", "lambda:PutFunctionRecursionConfig"): "loops are ended, as by default",
    ("AWS::Lambda::Function", "lambda:PutFunctionCodeSigningConfig"): "the code is not signed",
    ("AWS::Lambda::Function", "lambda:DeleteFunctionCodeSigningConfig"): "the code is not signed",
    ("AWS::Lambda::Function", "lambda:GetCodeSigningConfig"): "the code is not signed",
    ("AWS::Lambda::Function", "ec2:*"): "functions are in no VPC",
    ("AWS::Lambda::Function", "elasticfilesystem:*"): "functions mount no file system",
    ("AWS::Lambda::Function", "s3files:*"): "functions mount no file system",
    ("AWS::Logs::LogGroup", "logs:*KmsKey"): "no resource has a key of the customer's",
    ("AWS::Logs::LogGroup", "logs:PutDataProtectionPolicy"): "logs hold nothing that needs masking",
    ("AWS::Logs::LogGroup", "logs:*tIndexPolicy"): "logs have no index",
    ("AWS::Logs::LogGroup", "logs:DeleteIndexPolicy"): "logs have no index",
    ("AWS::Logs::LogGroup", "logs:DeleteResourcePolicy"): "API Gateway keeps the policy",
    ("AWS::Logs::LogGroup", "logs:PutBearerTokenAuthentication"): "logs are written by roles",
    ("AWS::Logs::LogGroup", "logs:PutLogGroupDeletionProtection"): "logs are deleted with the stack",
    ("AWS::Logs::LogGroup", "s3:*"): "logs are delivered nowhere",
    ("AWS::Logs::LogGroup", "firehose:*"): "logs are delivered nowhere",
    ("AWS::S3::Bucket", "iam:PassRole"): "only replication needs a role",
    ("AWS::S3::Bucket", "s3:Delete[!B]*"): "CloudFormation deletes no object",
    ("AWS::S3::Bucket", "s3:DeleteBucket?*"): "every setting of the bucket stays; IAM names these actions Put…, too",
    ("AWS::S3::Bucket", "s3:Put*Acl"): "the bucket has no access control list",
    ("AWS::S3::Bucket", "s3:PutBucketAbac"): "nobody has rights by the bucket's tags",
    ("AWS::S3::Bucket", "s3:PutAccelerateConfiguration"): "uploads are not accelerated",
    ("AWS::S3::Bucket", "s3:PutAnalyticsConfiguration"): "the bucket has no analyses",
    ("AWS::S3::Bucket", "s3:PutBucketLogging"): "the bucket has no access log",
    ("AWS::S3::Bucket", "s3:PutBucketNotification"): "uploads are completed by a request",
    ("AWS::S3::Bucket", "s3:PutBucketWebsite"): "the bucket is not a website",
    ("AWS::S3::Bucket", "s3:Put*ObjectLockConfiguration"): "objects are not locked",
    ("AWS::S3::Bucket", "s3:PutInventoryConfiguration"): "the bucket has no inventory",
    ("AWS::S3::Bucket", "s3:PutIntelligentTieringConfiguration"): "objects stay in one storage class",
    ("AWS::S3::Bucket", "s3:PutMetricsConfiguration"): "the bucket has no request metrics",
    ("AWS::S3::Bucket", "s3:Put*Replication*"): "the bucket has no replica",
    ("AWS::S3::Bucket", "s3:CreateBucketMetadata*"): "the bucket has no metadata table",
    ("AWS::S3::Bucket", "s3:UpdateBucketMetadata*"): "the bucket has no metadata table",
    ("AWS::S3::Bucket", "s3tables:*"): "the bucket has no metadata table",
    ("AWS::SNS::*", "iam:*"): "topics deliver to addresses, which needs no role",
    ("AWS::SNS::Topic", "sns:PutDataProtectionPolicy"): "messages hold nothing that needs masking",
}


def required(kind: str) -> set[str]:
    """Return the actions that CloudFormation needs for a resource type, as template.yaml uses it."""
    return {action for action in named(kind) if not reasons(kind, action)}


def named(kind: str) -> set[str]:
    """Return every action that the schema of a resource type names."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    handlers = [schema["handlers"].get(name, {"permissions": []})["permissions"] for name in _HANDLERS]
    tagging = schema.get("tagging", {}).get("permissions", [])
    return {action for each in [*handlers, tagging, FURTHER.get(kind, set())] for action in each}


def reasons(kind: str, action: str) -> list[tuple[str, str]]:
    """Return the rows of UNUSED that exclude an action of a resource type."""
    return [row for row in UNUSED if fnmatchcase(kind, row[0]) and fnmatchcase(action, row[1])]
