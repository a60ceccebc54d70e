-- What makes a PostgreSQL database look like a Redshift one. Run in template1 and every other database, each time it
-- changes; every statement can run twice. System names live in pg_catalog, since there they need no schema in front.
SET allow_system_table_mods = on;
SET client_min_messages = warning;

-- Redshift lets every user create in public: https://docs.aws.amazon.com/redshift/latest/dg/r_Schemas_and_tables.html
-- Once: what an administrator has revoked since must stay revoked when this file changes.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'pg_local') THEN
    GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC;
  END IF;
END $$;

CREATE SCHEMA IF NOT EXISTS pg_local;

-- VARCHAR(n) counts bytes: https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
-- PostgreSQL calls one function wherever a value meets a length, so exchanging it covers INSERT, UPDATE and casts.
CREATE OR REPLACE FUNCTION pg_catalog.varchar_bytes_cut(value varchar, bytes int, explicit bool) RETURNS varchar
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  raw bytea := pg_catalog.convert_to(value, 'UTF8');
  size int := bytes;
BEGIN
  IF NOT explicit AND pg_catalog.btrim(pg_catalog.substr(raw, bytes + 1), '\x20'::bytea) <> ''::bytea THEN
    RAISE EXCEPTION 'value too long for type character varying(%)', bytes USING ERRCODE = '22001';
  END IF;
  -- A byte 10xxxxxx continues a character: the cut goes before the whole of it.
  WHILE size > 0 AND (pg_catalog.get_byte(raw, size) & 192) = 128 LOOP
    size := size - 1;
  END LOOP;
  RETURN pg_catalog.convert_from(pg_catalog.substr(raw, 1, size), 'UTF8');
END $$;

-- Not STRICT, so that the planner can write it out in place of the call. A type modifier is the length plus four.
CREATE OR REPLACE FUNCTION pg_catalog.varchar_bytes(value varchar, typmod int, explicit bool) RETURNS varchar
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN octet_length($1) <= $2 - 4 OR $2 < 4 THEN $1
              ELSE pg_catalog.varchar_bytes_cut($1, $2 - 4, $3) END
$$;

UPDATE pg_catalog.pg_cast SET castfunc = 'pg_catalog.varchar_bytes(varchar, int, bool)'::regprocedure
WHERE castsource = 'varchar'::regtype AND casttarget = 'varchar'::regtype;

-- CHAR(n) holds characters of one byte: https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
-- What is stored is looked at, as COPY does; a cast alone is not.
CREATE OR REPLACE FUNCTION pg_catalog.char_refused(value text) RETURNS bpchar
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RAISE EXCEPTION 'Multibyte character not supported for CHAR (Hint: Try using VARCHAR): %', value USING ERRCODE = '22021';
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.char_bytes(value bpchar, typmod int, explicit bool) RETURNS bpchar
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN $3 OR octet_length($1::text) = char_length($1::text) THEN pg_catalog.bpchar($1, $2, $3)
              ELSE pg_catalog.char_refused($1::text) END
$$;
UPDATE pg_catalog.pg_cast SET castfunc = 'pg_catalog.char_bytes(bpchar, int, bool)'::regprocedure
WHERE castsource = 'bpchar'::regtype AND casttarget = 'bpchar'::regtype;

-- A text is a number in decimal digits: PostgreSQL also takes 0x1F and 1_000, Redshift's version 8 does not.
CREATE OR REPLACE FUNCTION pg_catalog.number_refused(value text, kind text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RAISE EXCEPTION 'invalid input syntax for type %: "%"', kind, value USING ERRCODE = '22P02';
END $$;
DO $$
DECLARE
  kind regtype;
  source regtype;
BEGIN
  FOREACH kind IN ARRAY ARRAY['int2', 'int4', 'int8', 'numeric']::regtype[] LOOP
    FOREACH source IN ARRAY ARRAY['text', 'bpchar', 'varchar']::regtype[] LOOP
      EXECUTE format($f$
        CREATE OR REPLACE FUNCTION pg_catalog.decimal_digits(value %1$s, model %2$s) RETURNS text
        LANGUAGE sql STABLE PARALLEL SAFE AS $b$
          SELECT CASE WHEN $1 ~ '[_xXoObB]' THEN pg_catalog.number_refused($1::text, '%2$s') ELSE $1::text END $b$;
        CREATE OR REPLACE FUNCTION pg_catalog.%3$s_of(value %1$s) RETURNS %2$s
        LANGUAGE sql STABLE PARALLEL SAFE AS $b$ SELECT %4$s $b$
      $f$, source, kind, (SELECT typname FROM pg_type WHERE oid = kind),
        CASE kind WHEN 'numeric'::regtype
          THEN 'numeric_in(textout(pg_catalog.decimal_digits($1, NULL::numeric)), 0, -1)'
          ELSE format('%sin(textout(pg_catalog.decimal_digits($1, NULL::%s)))',
                      (SELECT typname FROM pg_type WHERE oid = kind), kind) END);
      IF NOT EXISTS (SELECT FROM pg_cast WHERE castsource = source AND casttarget = kind) THEN
        EXECUTE format('CREATE CAST (%s AS %s) WITH FUNCTION pg_catalog.%s_of(%s)', source, kind,
                       (SELECT typname FROM pg_type WHERE oid = kind), source);
      END IF;
    END LOOP;
  END LOOP;
END $$;

-- STABLE: the planner would call an immutable one at once, whatever the value.
CREATE OR REPLACE FUNCTION pg_catalog.varbyte_too_long(bytes int) RETURNS bool
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RAISE EXCEPTION 'value too long for type binary varying(%)', bytes USING ERRCODE = '22001';
END $$;

-- Names that both have, with another meaning: PostgreSQL's own goes on under another name, for its views.
DO $$
DECLARE
  kind text;
BEGIN
  IF to_regprocedure('pg_catalog.concat_all("any")') IS NULL THEN
    ALTER FUNCTION pg_catalog.concat("any") RENAME TO concat_all;
  END IF;
  FOREACH kind IN ARRAY ARRAY['date', 'timestamp', 'timestamptz', 'time', 'timetz', 'interval'] LOOP
    IF to_regprocedure(format('pg_catalog.extract_numeric(text, %s)', kind)) IS NULL THEN
      EXECUTE format('ALTER FUNCTION pg_catalog.extract(text, %s) RENAME TO extract_numeric', kind);
    END IF;
  END LOOP;
END $$;

-- Dates: https://docs.aws.amazon.com/redshift/latest/dg/Date_functions_header.html
CREATE OR REPLACE FUNCTION pg_catalog.sysdate() RETURNS timestamp
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT LOCALTIMESTAMP';
CREATE OR REPLACE FUNCTION pg_catalog.getdate() RETURNS timestamp
LANGUAGE sql STABLE PARALLEL SAFE AS $$SELECT date_trunc('second', statement_timestamp()::timestamp)$$;

CREATE OR REPLACE FUNCTION pg_catalog.date_part_name(unit text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN CASE
    WHEN lower(unit) IN ('year', 'years', 'y', 'yr', 'yrs') THEN 'year'
    WHEN lower(unit) IN ('quarter', 'quarters', 'qtr', 'qtrs') THEN 'quarter'
    WHEN lower(unit) IN ('month', 'months', 'mon', 'mons') THEN 'month'
    WHEN lower(unit) IN ('week', 'weeks', 'w') THEN 'week'
    WHEN lower(unit) IN ('day', 'days', 'd') THEN 'day'
    WHEN lower(unit) IN ('hour', 'hours', 'h', 'hr', 'hrs') THEN 'hour'
    WHEN lower(unit) IN ('minute', 'minutes', 'm', 'min', 'mins') THEN 'minute'
    WHEN lower(unit) IN ('second', 'seconds', 's', 'sec', 'secs') THEN 'second'
    WHEN lower(unit) IN ('millisecond', 'milliseconds', 'ms', 'msec', 'msecs', 'msecond', 'mseconds') THEN 'millisecond'
    WHEN lower(unit) IN ('microsecond', 'microseconds', 'us', 'usec', 'usecs', 'usecond', 'useconds')
      THEN 'microsecond'
    ELSE pg_catalog.date_part_refused(unit)
  END;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.date_part_refused(unit text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RAISE EXCEPTION 'date part "%" is not supported by the local endpoint', unit USING ERRCODE = '0A000';
END $$;

-- Counts the boundaries between the two. That a week begins on Monday, as in DATE_TRUNC, is unverified.
CREATE OR REPLACE FUNCTION pg_catalog.datediff(unit text, a timestamp, b timestamp) RETURNS int8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE pg_catalog.date_part_name($1)
    WHEN 'year' THEN pg_catalog.extract_numeric('year', $3)::int8 - pg_catalog.extract_numeric('year', $2)::int8
    WHEN 'quarter' THEN (pg_catalog.extract_numeric('year', $3) * 4 + pg_catalog.extract_numeric('quarter', $3))::int8
                      - (pg_catalog.extract_numeric('year', $2) * 4 + pg_catalog.extract_numeric('quarter', $2))::int8
    WHEN 'month' THEN (pg_catalog.extract_numeric('year', $3) * 12 + pg_catalog.extract_numeric('month', $3))::int8
                    - (pg_catalog.extract_numeric('year', $2) * 12 + pg_catalog.extract_numeric('month', $2))::int8
    WHEN 'week' THEN ((date_trunc('week', $3)::date - date_trunc('week', $2)::date) / 7)::int8
    WHEN 'day' THEN ($3::date - $2::date)::int8
    WHEN 'hour' THEN floor(pg_catalog.extract_numeric('epoch', $3) / 3600)::int8 - floor(pg_catalog.extract_numeric('epoch', $2) / 3600)::int8
    WHEN 'minute' THEN floor(pg_catalog.extract_numeric('epoch', $3) / 60)::int8 - floor(pg_catalog.extract_numeric('epoch', $2) / 60)::int8
    WHEN 'second' THEN floor(pg_catalog.extract_numeric('epoch', $3))::int8 - floor(pg_catalog.extract_numeric('epoch', $2))::int8
    WHEN 'millisecond' THEN floor(pg_catalog.extract_numeric('epoch', $3) * 1000)::int8 - floor(pg_catalog.extract_numeric('epoch', $2) * 1000)::int8
    WHEN 'microsecond' THEN (pg_catalog.extract_numeric('epoch', $3) * 1000000)::int8 - (pg_catalog.extract_numeric('epoch', $2) * 1000000)::int8
  END
$$;
CREATE OR REPLACE FUNCTION pg_catalog.datediff(unit text, a timestamptz, b timestamptz) RETURNS int8
LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT pg_catalog.datediff($1, $2::timestamp, $3::timestamp)';
CREATE OR REPLACE FUNCTION pg_catalog.dateadd_interval(unit text, amount int8) RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE pg_catalog.date_part_name($1)
    WHEN 'quarter' THEN $2 * 3 * interval '1 month'
    ELSE $2 * ('1 ' || pg_catalog.date_part_name($1))::interval END
$$;
CREATE OR REPLACE FUNCTION pg_catalog.dateadd(unit text, amount int8, moment timestamp) RETURNS timestamp
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT $3 + pg_catalog.dateadd_interval($1, $2)';

-- Strings and bytes.
CREATE OR REPLACE FUNCTION pg_catalog.len(value text) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT char_length($1)';
CREATE OR REPLACE FUNCTION pg_catalog.from_hex(value text) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$SELECT decode($1, 'hex')$$;
CREATE OR REPLACE FUNCTION pg_catalog.to_hex(value bytea) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$SELECT encode($1, 'hex')$$;
CREATE OR REPLACE FUNCTION pg_catalog.varbyte_format(format text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  IF lower(format) IN ('hex', 'base64') THEN
    RETURN lower(format);
  ELSIF lower(format) IN ('utf8', 'utf-8') THEN
    RETURN 'utf8';
  END IF;
  RAISE EXCEPTION 'binary format "%" is not supported by the local endpoint', format USING ERRCODE = '0A000';
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.to_varbyte(value text, format text) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT CASE pg_catalog.varbyte_format($2) WHEN 'utf8' THEN convert_to($1, 'UTF8')
         ELSE decode($1, pg_catalog.varbyte_format($2)) END
$$;
CREATE OR REPLACE FUNCTION pg_catalog.from_varbyte(value bytea, format text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT CASE pg_catalog.varbyte_format($2) WHEN 'utf8' THEN convert_from($1, 'UTF8')
         ELSE encode($1, pg_catalog.varbyte_format($2)) END
$$;

-- The last COPY of this session. A setting rolls back with its transaction, just as these do on Redshift:
-- https://docs.aws.amazon.com/redshift/latest/dg/PG_LAST_COPY_ID.html
CREATE OR REPLACE FUNCTION pg_catalog.pg_last_copy_id() RETURNS int
LANGUAGE sql STABLE AS $$SELECT coalesce(nullif(current_setting('local_endpoint.last_copy_id', true), ''), '-1')::int$$;
CREATE OR REPLACE FUNCTION pg_catalog.pg_last_copy_count() RETURNS int8
LANGUAGE sql STABLE AS
$$SELECT coalesce(nullif(current_setting('local_endpoint.last_copy_count', true), ''), '0')::int8$$;

-- What became of loads, short as it is; the views pad and cut it as Redshift does.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_STL_LOAD_ERRORS.html
CREATE SEQUENCE IF NOT EXISTS pg_local.query_id AS int START 100;
ALTER SEQUENCE pg_local.query_id INCREMENT BY 1000;  -- query_log.py takes as many at once
CREATE TABLE IF NOT EXISTS pg_local.load_errors (
  userid int NOT NULL, slice int NOT NULL, tbl int NOT NULL, starttime timestamp NOT NULL, session int NOT NULL,
  query int NOT NULL, filename text NOT NULL, line_number int8 NOT NULL, colname text NOT NULL, type text NOT NULL,
  col_length text NOT NULL, position int NOT NULL, raw_line text NOT NULL, raw_field_value text NOT NULL,
  err_code int NOT NULL, error_message text NOT NULL, transaction_id int8 NOT NULL);
CREATE INDEX IF NOT EXISTS load_errors_query ON pg_local.load_errors (query);
CREATE TABLE IF NOT EXISTS pg_local.load_commits (
  userid int NOT NULL, query int NOT NULL, slice int NOT NULL, name char(256) NOT NULL, filename char(256) NOT NULL,
  byte_offset int NOT NULL, lines_scanned int NOT NULL, errors int NOT NULL, curtime timestamp NOT NULL,
  status int NOT NULL, file_format char(16) NOT NULL, is_partial int NOT NULL, start_offset int8 NOT NULL);
CREATE TABLE IF NOT EXISTS pg_local.load_history (
  user_id int NOT NULL, query_id int8 PRIMARY KEY, transaction_id int8 NOT NULL, session_id int NOT NULL,
  database_name text NOT NULL, status text NOT NULL, table_name text NOT NULL, start_time timestamp NOT NULL,
  end_time timestamp, duration int8, data_source text NOT NULL, file_format text NOT NULL, loaded_rows int8 NOT NULL,
  loaded_bytes int8 NOT NULL, source_file_count int NOT NULL, source_file_bytes int8 NOT NULL,
  file_count_scanned int NOT NULL, file_bytes_scanned int8 NOT NULL, error_count int8 NOT NULL, copy_job_id int8);

-- The switch that makes a session behave as on Serverless, which fills no STL table: SET local_endpoint.serverless = on
CREATE OR REPLACE FUNCTION pg_catalog.has_stl_tables() RETURNS bool
LANGUAGE sql STABLE AS $$SELECT coalesce(current_setting('local_endpoint.serverless', true), '') <> 'on'$$;
-- A user sees the loads of his own; the cluster's administrators see all.
CREATE OR REPLACE FUNCTION pg_catalog.sees_loads_of(userid int) RETURNS bool
LANGUAGE sql STABLE AS $$
  SELECT userid = (SELECT oid::int8 FROM pg_catalog.pg_roles WHERE rolname = current_user)
      OR pg_catalog.pg_has_role(current_user, 'redshift_administrators', 'MEMBER')
$$;
CREATE OR REPLACE VIEW pg_catalog.stl_load_errors AS
  SELECT userid, slice, tbl, starttime, session, query, filename::char(256) AS filename, line_number,
         colname::char(127) AS colname, type::char(10) AS type, col_length::char(10) AS col_length, position,
         raw_line::char(1024) AS raw_line, raw_field_value::char(1024) AS raw_field_value, err_code,
         error_message::char(100) AS err_reason, 0 AS is_partial, 0::int8 AS start_offset
  FROM pg_local.load_errors WHERE pg_catalog.sees_loads_of(userid) AND pg_catalog.has_stl_tables();
CREATE OR REPLACE VIEW pg_catalog.stl_load_commits AS
  SELECT userid, query, slice, name, filename, byte_offset, lines_scanned, errors, curtime, status, file_format,
         is_partial, start_offset
  FROM pg_local.load_commits WHERE pg_catalog.sees_loads_of(userid) AND pg_catalog.has_stl_tables();
-- https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_ERROR_DETAIL.html
CREATE OR REPLACE VIEW pg_catalog.sys_load_error_detail AS
  SELECT userid AS user_id, query::int8 AS query_id, transaction_id, session AS session_id,
         current_database()::char(128) AS database_name, tbl AS table_id, starttime AS start_time,
         filename::char(256) AS file_name, line_number, colname::char(127) AS column_name,
         type::char(10) AS column_type, col_length::char(10) AS column_length, position, err_code AS error_code,
         error_message::char(512) AS error_message
  FROM pg_local.load_errors WHERE pg_catalog.sees_loads_of(userid);
-- https://docs.aws.amazon.com/redshift/latest/dg/SYS_LOAD_HISTORY.html
CREATE OR REPLACE VIEW pg_catalog.sys_load_history AS
  SELECT user_id, query_id, transaction_id, session_id, database_name,
         -- Nobody is left to note the end of a load whose session was killed.
         CASE WHEN status = 'running' AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = session_id)
           THEN 'aborted' ELSE status END AS status,
         table_name, start_time, end_time, duration, data_source, file_format, loaded_rows, loaded_bytes,
         source_file_count, source_file_bytes, file_count_scanned, file_bytes_scanned, error_count, copy_job_id
  FROM pg_local.load_history WHERE pg_catalog.sees_loads_of(user_id);
GRANT SELECT ON pg_catalog.stl_load_errors, pg_catalog.stl_load_commits, pg_catalog.sys_load_error_detail,
  pg_catalog.sys_load_history TO PUBLIC;

-- Who may load with which IAM role; role_arn * is every role, grantee 0 everybody, who may all from the beginning.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT-usage-notes.html
DO $$
BEGIN
  IF to_regclass('pg_local.assume_role') IS NULL THEN
    CREATE TABLE pg_local.assume_role (
      role_arn text NOT NULL, grantee oid NOT NULL, action text NOT NULL, PRIMARY KEY (role_arn, grantee, action));
    INSERT INTO pg_local.assume_role
    SELECT '*', 0, unnest(ARRAY['copy', 'unload', 'external function', 'create model']);
  END IF;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.assumerole_change(roles text[], grantees text[], actions text[])
RETURNS TABLE (role_arn text, grantee oid, action text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF NOT pg_has_role(session_user, 'redshift_administrators', 'MEMBER') THEN
    RAISE EXCEPTION 'must be superuser to change ASSUMEROLE' USING ERRCODE = '42501';
  END IF;
  RETURN QUERY SELECT r, CASE WHEN g = '' THEN 0 ELSE quote_ident(g)::regrole::oid END, a
  FROM unnest(roles) AS r, unnest(grantees) AS g, unnest(actions) AS a;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.assumerole_grant(roles text[], grantees text[], actions text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  INSERT INTO pg_local.assume_role SELECT * FROM assumerole_change(roles, grantees, actions) ON CONFLICT DO NOTHING
$$;
CREATE OR REPLACE FUNCTION pg_catalog.assumerole_revoke(roles text[], grantees text[], actions text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  DELETE FROM pg_local.assume_role AS kept USING assumerole_change(roles, grantees, actions) AS gone
  WHERE (kept.role_arn, kept.grantee, kept.action) = (gone.role_arn, gone.grantee, gone.action)
$$;
CREATE OR REPLACE FUNCTION pg_catalog.may_assume(who name, arn text, wanted text) RETURNS bool
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT pg_has_role(who, 'redshift_administrators', 'MEMBER') OR EXISTS (
    SELECT FROM pg_local.assume_role WHERE role_arn IN ('*', arn) AND action = wanted
    AND CASE WHEN grantee = 0 THEN true
             ELSE EXISTS (SELECT FROM pg_roles WHERE oid = grantee) AND pg_has_role(who, grantee, 'MEMBER') END)
$$;
