"""AWS's prices, and what counts of billed things cost. The pages state the counts that are measured."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from benchmarks.report import Table

type Counts = Mapping[str, float]
"""How much there is of each thing in PRICES."""


# The service and the list price in USD of each thing, without free tiers, us-east-1, as AWS published them in 2025.
PRICES: Final = {
    # https://aws.amazon.com/lambda/pricing/ for arm64
    "invocation": ("Lambda", 0.20e-6),
    "GB-second": ("Lambda", 13.3334e-6),
    # https://aws.amazon.com/api-gateway/pricing/ for HTTP APIs and WebSocket APIs
    "API call": ("API Gateway", 1.00e-6),
    "message of up to 32 KB": ("API Gateway", 1.00e-6),
    "connection minute": ("API Gateway", 0.25e-6),
    # https://aws.amazon.com/dynamodb/pricing/on-demand/
    "read unit": ("DynamoDB", 0.125e-6),
    "write unit": ("DynamoDB", 0.625e-6),
    "GB stored for a month": ("storage", 0.25),
    "GB recoverable for a month": ("storage", 0.20),
    # https://aws.amazon.com/cloudwatch/pricing/ and https://aws.amazon.com/xray/pricing/
    "GB logged": ("logs", 0.50),
    "GB of logs kept for a month": ("logs", 0.03),
    "metric": ("operation", 0.30),
    "metric of an alarm": ("operation", 0.10),
    "CloudWatch dashboard": ("operation", 3.00),
    "trace": ("traces", 5.00e-6),
    # https://aws.amazon.com/ec2/pricing/on-demand/
    "GB sent": ("transfer", 0.09),
}
CENT: Final = 0.01

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MB_PER_PROCESSOR: Final = 1_769
DEPLOYED_MB: Final = 1_024
# Assumptions, not measurements: DynamoDB's response times within a region, and the runtime around a handler.
READ_SECONDS: Final = 0.004
WRITE_SECONDS: Final = 0.012
RUNTIME_SECONDS: Final = 0.001


def slowdown(megabytes: int) -> float:
    """Return how much longer than on one processor a function computes: below its memory size, it gets a part of it."""
    return max(1.0, MB_PER_PROCESSOR / megabytes)


def invoked(seconds: float, logged: float = 0, megabytes: int = DEPLOYED_MB) -> Counts:
    """Count an invocation that takes some time and logs some bytes, which are kept for `LogRetentionDays`: a month."""
    logs = dict.fromkeys(("GB logged", "GB of logs kept for a month"), logged / 1e9)
    return {"invocation": 1, "GB-second": seconds * megabytes / 1_024, **logs}


def together(*parts: tuple[float, Counts]) -> Counts:
    """Add up counts, each a number of times."""
    found: dict[str, float] = defaultdict(float)
    for times, counts in parts:
        for thing, count in counts.items():
            found[thing] += times * count
    return found


def usd(counts: Counts, service: str = "") -> float:
    """Return what counts cost; if `service` is given, only what that takes."""
    return sum(PRICES[thing][1] * count for thing, count in counts.items() if service in {"", PRICES[thing][0]})


def prices() -> Table:
    shown = {thing: f"{usd:.2f}" if usd > CENT else f"{usd * 1e6:g} a million" for thing, (_, usd) in PRICES.items()}
    return Table(["Price of", "service", "USD"], [[thing, PRICES[thing][0], usd] for thing, usd in shown.items()])
