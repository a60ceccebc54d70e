-- Functions of Redshift's that PostgreSQL does not have. Run after system.sql; every statement can run twice.

-- https://docs.aws.amazon.com/redshift/latest/dg/CONVERT_TIMEZONE.html: from UTC, where no source is named
CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(source text, target text, moment timestamp) RETURNS timestamp
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT $3 AT TIME ZONE $1 AT TIME ZONE $2';
CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(target text, moment timestamp) RETURNS timestamp
LANGUAGE sql STABLE PARALLEL SAFE AS $$SELECT $2 AT TIME ZONE 'UTC' AT TIME ZONE $1$$;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_TRY_CAST.html: NULL instead of an error. ``form`` is the type with its
-- length, ``model`` a NULL of that type. PostgreSQL also takes 0x1F and 1_000 for numbers, as its own casts do here.
CREATE OR REPLACE FUNCTION pg_catalog.try_cast(value text, form text, model anyelement) RETURNS anyelement
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  found model%TYPE;
BEGIN
  IF pg_catalog.pg_input_is_valid(value, form) THEN
    EXECUTE pg_catalog.format('SELECT CAST($1 AS %s)', form) INTO found USING value;
  END IF;
  RETURN found;
END $$;
DO $$
DECLARE
  kind text;
BEGIN
  FOREACH kind IN ARRAY ARRAY['float8', 'bool', 'timestamptz'] LOOP  -- numbers, truth values and times of every type
    EXECUTE format($f$
      CREATE OR REPLACE FUNCTION pg_catalog.try_cast(value %s, form text, model anyelement) RETURNS anyelement
      LANGUAGE plpgsql STABLE AS $b$
      BEGIN
        RAISE EXCEPTION 'TRY_CAST of what is no text is not supported by the local endpoint' USING ERRCODE = '0A000';
      END $b$ $f$, kind);
  END LOOP;
END $$;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_DATEADD_function.html: a TIMESTAMPTZ stays one
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(unit text, amount int8, moment timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT $3 + pg_catalog.dateadd_interval($1, $2)';
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(unit text, amount int8, moment date) RETURNS timestamp
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT pg_catalog.dateadd($1, $2, $3::timestamp)';
-- A literal without a type is a TIMESTAMP; PostgreSQL would choose the one with a time zone.
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(unit text, amount int8, moment text) RETURNS timestamp
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT pg_catalog.dateadd($1, $2, $3::timestamp)';
