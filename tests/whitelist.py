"""Names that are used in ways the search for dead code cannot see (kept short; each with its reason)."""

# kopf calls these, or reads them from its settings
build, fetch, store, extra_fields, essence, patch, log_in, changed  # type: ignore[name-defined]  # noqa: B018, F821
standalone, request_timeout, connect_timeout, error_backoffs  # type: ignore[name-defined]  # noqa: B018, F821
enforce_retry_after, server_timeout, idle_timeout  # type: ignore[name-defined]  # noqa: B018, F821
diffbase_storage, max_workers, ultimate_exiting_timeout  # type: ignore[name-defined]  # noqa: B018, F821
# asyncio reads it
max_size  # type: ignore[name-defined]  # noqa: B018, F821
# the protocol of context managers
trace  # type: ignore[name-defined]  # noqa: B018, F821
# prometheus_client calls it
collect  # type: ignore[name-defined]  # noqa: B018, F821
# the tests' client makes namespaces with the operator's list of kinds
NAMESPACE  # type: ignore[name-defined]  # noqa: B018, F821
# part of the structs that mirror the API
creation_timestamp, deletion_timestamp  # type: ignore[name-defined]  # noqa: B018, F821
