"""What no schema can say of a request."""

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """A range that ends before it begins is refused, each of its bounds being good."""
    query = case.query or {}
    bounds = query.get("from_unix_ms"), query.get("to_unix_ms")
    if all(isinstance(bound, int) and bound != 0 for bound in bounds):
        query["from_unix_ms"], query["to_unix_ms"] = sorted(bounds)
