-- Functions of Redshift's that PostgreSQL does not have, or has with another meaning. Run after system.sql; every
-- statement can run twice.

-- https://docs.aws.amazon.com/redshift/latest/dg/CONVERT_TIMEZONE.html: from UTC, where no source is named
CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(source text, target text, moment timestamp) RETURNS timestamp
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT $3 AT TIME ZONE $1 AT TIME ZONE $2';
CREATE OR REPLACE FUNCTION pg_catalog.convert_timezone(target text, moment timestamp) RETURNS timestamp
LANGUAGE sql STABLE PARALLEL SAFE AS $$SELECT $2 AT TIME ZONE 'UTC' AT TIME ZONE $1$$;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_TRY_CAST.html: NULL where the cast fails because of the value. ``form``
-- is the type with its length, ``model`` a NULL of that type.
DROP FUNCTION IF EXISTS pg_catalog.try_cast(float8, text, anyelement), pg_catalog.try_cast(bool, text, anyelement),
  pg_catalog.try_cast(timestamptz, text, anyelement);  -- of an earlier version
DO $$
DECLARE
  kinds text;
BEGIN
  FOREACH kinds IN ARRAY ARRAY[
    'text, form text, model anyelement',  -- of a literal too
    'anyelement, form text, model anycompatible']
  LOOP
    EXECUTE format($f$
      CREATE OR REPLACE FUNCTION pg_catalog.try_cast(value %s) RETURNS %s LANGUAGE plpgsql STABLE AS $b$
      DECLARE
        found $3%%TYPE;
      BEGIN
        EXECUTE 'SELECT CAST($1 AS ' || $2 || ')' INTO found USING $1;
        RETURN found;
      EXCEPTION WHEN data_exception THEN
        RETURN NULL;
      END $b$ $f$, kinds, split_part(kinds, ' ', 5));
  END LOOP;
END $$;

-- A TIMESTAMP, of dates and literals too: https://docs.aws.amazon.com/redshift/latest/dg/r_DATE_TRUNC.html
CREATE OR REPLACE FUNCTION pg_catalog.date_trunc(unit text, moment date) RETURNS timestamp
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT date_trunc($1, $2::timestamp)';
CREATE OR REPLACE FUNCTION pg_catalog.date_trunc(unit text, moment text) RETURNS timestamp
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT date_trunc($1, $2::timestamp)';
-- https://docs.aws.amazon.com/redshift/latest/dg/r_TRUNC_date.html
CREATE OR REPLACE FUNCTION pg_catalog.trunc(moment timestamp) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1::date';

-- https://docs.aws.amazon.com/redshift/latest/dg/r_DATEADD_function.html: a TIMESTAMPTZ stays one
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(unit text, amount int8, moment timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT $3 + pg_catalog.dateadd_interval($1, $2)';
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(unit text, amount int8, moment date) RETURNS timestamp
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT pg_catalog.dateadd($1, $2, $3::timestamp)';
-- A literal without a type is a TIMESTAMP; PostgreSQL would choose the one with a time zone.
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(unit text, amount int8, moment text) RETURNS timestamp
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT pg_catalog.dateadd($1, $2, $3::timestamp)';

-- https://docs.aws.amazon.com/redshift/latest/dg/r_CONCAT.html: two texts, and NULL if one of them is
CREATE OR REPLACE FUNCTION pg_catalog.concat(a text, b text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $1 || $2';

-- https://docs.aws.amazon.com/redshift/latest/dg/r_EXTRACT_function.html: an INTEGER, and the named part alone
CREATE OR REPLACE FUNCTION pg_catalog.extract_part_name(unit text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN lower($1) IN ('dow', 'dw', 'dayofweek', 'weekday') THEN 'dow'
    WHEN lower($1) IN ('doy', 'dy', 'dayofyear', 'yearday') THEN 'doy'
    WHEN lower($1) = 'epoch' THEN 'epoch'
    ELSE pg_catalog.date_part_name($1) END
$$;
DO $$
DECLARE
  kind text;
BEGIN
  FOREACH kind IN ARRAY ARRAY['date', 'timestamp', 'timestamptz', 'time', 'timetz', 'interval'] LOOP
    EXECUTE format($f$
      CREATE OR REPLACE FUNCTION pg_catalog.extract(unit text, moment %1$s) RETURNS %2$s
      LANGUAGE sql STABLE PARALLEL SAFE AS $b$
        SELECT CASE pg_catalog.extract_part_name($1)
          WHEN 'millisecond' THEN trunc(pg_catalog.extract_numeric('millisecond', $2)) %% 1000
          WHEN 'microsecond' THEN trunc(pg_catalog.extract_numeric('microsecond', $2)) %% 1000
          ELSE trunc(pg_catalog.extract_numeric(pg_catalog.extract_part_name($1), $2)) END::%2$s
      $b$ $f$, kind, CASE kind WHEN 'timestamptz' THEN 'float8' ELSE 'int4' END);
  END LOOP;
END $$;

-- https://docs.aws.amazon.com/redshift/latest/dg/SPLIT_PART.html: a part's number is greater than zero
DO $$
BEGIN
  IF to_regprocedure('pg_catalog.postgres_split_part(text,text,int)') IS NULL THEN
    ALTER FUNCTION pg_catalog.split_part(text, text, int) RENAME TO postgres_split_part;
  END IF;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.split_part(string text, delimiter text, part int) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF part < 1 THEN
    RAISE EXCEPTION 'field position must be greater than zero' USING ERRCODE = '22023';
  END IF;
  RETURN postgres_split_part(string, delimiter, part);
END $$;
