"""What PostgreSQL does by itself for this room: it counts cases while they change, and measures its tables."""

from typing import Final

COUNT_CASES: Final = """
CREATE FUNCTION transfer_count_cases() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.transfer_casecount (transfer_id, state, clients)
        SELECT transfer_id, state, count(*) FROM fresh GROUP BY transfer_id, state;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO public.transfer_casecount (transfer_id, state, clients)
        SELECT transfer_id, state, -count(*) FROM gone GROUP BY transfer_id, state;
    ELSE
        INSERT INTO public.transfer_casecount (transfer_id, state, clients)
        SELECT transfer_id, state, sum(one)
          FROM (SELECT transfer_id, state, 1 AS one FROM fresh
                 UNION ALL
                SELECT transfer_id, state, -1 FROM gone) moves
         GROUP BY transfer_id, state HAVING sum(one) <> 0;
    END IF;
    RETURN NULL;
END
$$
"""

_EACH: Final = "FOR EACH STATEMENT EXECUTE FUNCTION transfer_count_cases()"

TRIGGERS: Final = tuple(
    f"CREATE TRIGGER transfer_count_{name}_cases AFTER {act} ON transfer_clientcase REFERENCING {tables} {_EACH}"
    for name, act, tables in (
        ("fresh", "INSERT", "NEW TABLE AS fresh"),
        ("changed", "UPDATE", "NEW TABLE AS fresh OLD TABLE AS gone"),
        ("gone", "DELETE", "OLD TABLE AS gone"),
    )
)

COUNT_THOSE_THERE: Final = (
    "INSERT INTO transfer_casecount (transfer_id, state, clients)"
    " SELECT transfer_id, state, count(*) FROM transfer_clientcase GROUP BY transfer_id, state"
)

# Only an owner may measure a table, and the product's own role owns none: the owner does it for it. A fifth of
# the usual sample tells how many rows there are; what the columns hold, autovacuum finds out in its own time.
MEASURE: Final = """
CREATE FUNCTION transfer_measure_table(measured text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET default_statistics_target = 20 AS $$
BEGIN
    EXECUTE format('ANALYZE public.%I', measured);
END
$$
"""
