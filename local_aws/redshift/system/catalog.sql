-- What Redshift's catalog says of tables and sessions, and its lock of a table against a second writer.
-- Run after system.sql; every statement can run twice.

-- Drivers read the version out of this text, which must name PostgreSQL once:
-- https://docs.aws.amazon.com/redshift/latest/dg/r_VERSION.html
-- PostgreSQL calls its own by number, so exchanging the body would not do: another one takes the name.
DO $$
BEGIN
  IF to_regproc('pg_catalog.postgres_version') IS NULL THEN
    ALTER FUNCTION pg_catalog.version() RENAME TO postgres_version;
  END IF;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.version() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS
$$SELECT 'PostgreSQL 8.0.2 on the local endpoint, Redshift 1.0.0'$$;

-- One writer a table at a time, and the next one waits: https://docs.aws.amazon.com/redshift/latest/dg/c_write_readwrite.html
-- A lock of the table itself would come after PostgreSQL's own weaker one, and two who strengthen theirs block each other.
CREATE OR REPLACE FUNCTION pg_catalog.take_write_lock() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM pg_catalog.pg_advisory_xact_lock((5439::int8 << 32) | tg_relid::int8);
  RETURN NULL;
END $$;

-- psql's \d would show it, were it not one of PostgreSQL's own.
CREATE OR REPLACE FUNCTION pg_catalog.guard_writes(made oid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  EXECUTE format(
    'CREATE TRIGGER write_lock BEFORE INSERT OR UPDATE OR DELETE ON %s'
    ' FOR EACH STATEMENT EXECUTE FUNCTION pg_catalog.take_write_lock()', made::regclass);
  UPDATE pg_trigger SET tgisinternal = true WHERE tgrelid = made AND tgname = 'write_lock';
END $$;
REVOKE EXECUTE ON FUNCTION pg_catalog.guard_writes(oid) FROM PUBLIC;

-- Distribution, sort order and encoding have no meaning here, but are told again where somebody asks. The rewritten
-- CREATE TABLE carries them in a comment, and they are kept where PostgreSQL keeps a table's options, so that they are
-- renamed, copied into a snapshot and dropped along with it.
CREATE OR REPLACE FUNCTION pg_catalog.table_made() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  made record;
  marks jsonb;
BEGIN
  FOR made IN
    SELECT c.oid, c.relname, c.relpersistence, command.command_tag <> 'CREATE TABLE' AS from_query
    FROM pg_catalog.pg_event_trigger_ddl_commands() AS command JOIN pg_catalog.pg_class AS c ON c.oid = command.objid
    WHERE command.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.relkind = 'r'
  LOOP
    IF made.relpersistence <> 't' THEN
      PERFORM pg_catalog.guard_writes(made.oid);
    END IF;
    IF made.from_query THEN  -- Redshift works out a length; where PostgreSQL has none, it is the longest here
      UPDATE pg_catalog.pg_attribute SET atttypid = 'pg_catalog.varchar'::pg_catalog.regtype, atttypmod = 65535 + 4
      WHERE attrelid = made.oid AND attnum > 0 AND atttypmod = -1
        AND atttypid IN ('pg_catalog.text'::pg_catalog.regtype, 'pg_catalog.varchar'::pg_catalog.regtype);
    END IF;
    SELECT found.mark[1]::jsonb INTO marks
    FROM pg_catalog.regexp_matches(pg_catalog.current_query(), '/[*]local_endpoint([{][^*]*[}])[*]/', 'g') AS found (mark)
    WHERE found.mark[1]::jsonb ->> 'table' = made.relname LIMIT 1;
    IF marks IS NOT NULL THEN
      PERFORM pg_catalog.keep_table_marks(made.oid, marks);
    END IF;
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION pg_catalog.keep_table_marks(made oid, marks jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  model oid := pg_catalog.to_regclass(marks ->> 'like');
  missing text;
BEGIN
  SELECT named INTO missing
  FROM (SELECT marks ->> 'distkey' UNION ALL SELECT jsonb_array_elements_text(marks -> 'sortkey')) AS keys (named)
  WHERE named IS NOT NULL AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_attribute WHERE attrelid = made AND attname = named AND attnum > 0);
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION 'column "%" named in a key does not exist', missing USING ERRCODE = '42703';
  END IF;
  UPDATE pg_catalog.pg_class SET reloptions = coalesce(
    (SELECT reloptions FROM pg_catalog.pg_class WHERE oid = model AND marks ->> 'diststyle' IS NULL),
    ARRAY['diststyle=' || coalesce(marks ->> 'diststyle', 'auto')])
  WHERE oid = made;
  UPDATE pg_catalog.pg_attribute AS a SET attoptions = coalesce(
    nullif(array_remove(ARRAY[
      'encode=' || (marks -> 'encode' ->> attname),
      CASE WHEN attname = marks ->> 'distkey' THEN 'distkey=1' END,
      'sortkey=' || (
        SELECT CASE WHEN marks ->> 'interleaved' = 'true' AND place % 2 = 0 THEN -place ELSE place END
        FROM jsonb_array_elements_text(marks -> 'sortkey') WITH ORDINALITY AS key (name, place)
        WHERE key.name = attname)], NULL), '{}'),
    (SELECT attoptions FROM pg_catalog.pg_attribute AS old WHERE old.attrelid = model AND old.attname = a.attname))
  WHERE attrelid = made AND attnum > 0;
END $$;

DROP EVENT TRIGGER IF EXISTS table_made;
CREATE EVENT TRIGGER table_made ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO')
EXECUTE FUNCTION pg_catalog.table_made();
-- Tables from before there was the trigger.
SELECT pg_catalog.guard_writes(c.oid)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE relkind = 'r' AND relpersistence = 'p' AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_local')
  AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND tgname = 'write_lock');
UPDATE pg_trigger SET tgisinternal = true WHERE tgname = 'write_lock' AND NOT tgisinternal;

CREATE OR REPLACE FUNCTION pg_catalog.table_mark(options text[], name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS
$$SELECT substr(option, length(name) + 2) FROM unnest(options) AS option WHERE split_part(option, '=', 1) = name$$;

-- Without ENCODE: https://docs.aws.amazon.com/redshift/latest/dg/c_Compression_encodings.html; raw is told as "none".
CREATE OR REPLACE FUNCTION pg_catalog.column_encoding(options text[], type oid) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT replace(coalesce(pg_catalog.table_mark(options, 'encode'), CASE
    WHEN pg_catalog.table_mark(options, 'sortkey') IS NOT NULL THEN 'raw'
    WHEN type IN ('bool'::regtype, 'float4'::regtype, 'float8'::regtype) THEN 'raw'
    WHEN type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype, 'date'::regtype,
                  'timestamp'::regtype, 'timestamptz'::regtype) THEN 'az64'
    ELSE 'lzo' END), 'raw', 'none')
$$;

-- What Redshift's pg_class and pg_attribute tell in columns of their own (names.py). The numbers of encodings are this
-- endpoint's: FORMAT_ENCODING, which no page names, reads them.
CREATE OR REPLACE FUNCTION pg_catalog.dist_style(options text[]) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$SELECT CASE pg_catalog.table_mark(options, 'diststyle') WHEN 'even' THEN 0 WHEN 'key' THEN 1 WHEN 'all' THEN 8 ELSE 10 END$$;
CREATE OR REPLACE FUNCTION pg_catalog.is_dist_key(options text[]) RETURNS bool
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$SELECT pg_catalog.table_mark(options, 'distkey') IS NOT NULL$$;
CREATE OR REPLACE FUNCTION pg_catalog.sort_key_place(options text[]) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$SELECT coalesce(pg_catalog.table_mark(options, 'sortkey'), '0')::int$$;
CREATE OR REPLACE FUNCTION pg_catalog.encodings() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$SELECT ARRAY['none', 'az64', 'bytedict', 'delta', 'delta32k', 'lzo', 'mostly8',
  'mostly16', 'mostly32', 'runlength', 'text255', 'text32k', 'zstd']$$;
CREATE OR REPLACE FUNCTION pg_catalog.encoding_number(options text[], type oid) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog AS
$$SELECT (array_position(pg_catalog.encodings(), pg_catalog.column_encoding(options, type)) - 1)::smallint$$;
CREATE OR REPLACE FUNCTION pg_catalog.format_encoding(number int) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$SELECT (pg_catalog.encodings())[number + 1]$$;

CREATE OR REPLACE FUNCTION pg_catalog.table_rows(which oid) RETURNS int8
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
  found int8;
BEGIN
  EXECUTE pg_catalog.format('SELECT count(*) FROM %s', which::pg_catalog.regclass) INTO found;
  RETURN found;
END $$;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_PG_TABLE_DEF.html: only of the schemas in search_path
CREATE OR REPLACE VIEW pg_catalog.pg_table_def AS
  SELECT n.nspname AS schemaname, c.relname AS tablename, a.attname AS column,
         replace(format_type(a.atttypid, a.atttypmod), 'bytea', 'binary varying') AS type,
         pg_catalog.column_encoding(a.attoptions, a.atttypid)::char(32) AS encoding,
         pg_catalog.is_dist_key(a.attoptions) AS distkey, pg_catalog.sort_key_place(a.attoptions) AS sortkey,
         a.attnotnull AS notnull
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid
  WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND pg_table_is_visible(c.oid)
    AND nspname <> 'pg_local';

-- https://docs.aws.amazon.com/redshift/latest/dg/r_STV_TBL_PERM.html: a cluster of one slice
CREATE OR REPLACE VIEW pg_catalog.stv_tbl_perm AS
  SELECT 0 AS slice, c.oid::int AS id, c.relname::char(72) AS name, pg_catalog.table_rows(c.oid) AS rows,
         0::int8 AS sorted_rows, (c.relpersistence = 't')::int AS temp, d.oid::int AS db_id, 0 AS insert_pristine,
         0 AS delete_pristine, 1 AS backup,
         pg_catalog.dist_style(c.reloptions) AS dist_style,
         ceil(pg_table_size(c.oid) / 1048576.0)::int AS block_count
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_database AS d ON d.datname = current_database()
  WHERE c.relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_local')
    AND (c.relpersistence <> 't' OR pg_table_is_visible(c.oid));

-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_TABLE_INFO.html: no empty tables; what has no meaning is NULL
CREATE OR REPLACE VIEW pg_catalog.svv_table_info AS
  SELECT current_database()::text AS database, t.schema, t.table_id, t.name AS table,
         CASE WHEN t.encoded THEN 'Y' ELSE 'N' END AS encoded,
         CASE t.style WHEN 'key' THEN 'KEY(' || t.distkey || ')' WHEN 'auto' THEN 'AUTO(EVEN)' ELSE upper(t.style) END
           AS diststyle,
         coalesce(t.sortkey1, 'AUTO(SORTKEY)') AS sortkey1, t.max_varchar, t.sortkey1_enc, t.sortkey_num,
         ceil(pg_table_size(t.table_id::oid) / 1048576.0)::int8 AS size, NULL::numeric(10,4) AS pct_used,
         0::int8 AS empty, 0::numeric(5,2) AS unsorted, 0::numeric(5,2) AS stats_off, t.tbl_rows::numeric(38,0) AS tbl_rows,
         NULL::numeric(19,2) AS skew_sortkey1, NULL::numeric(19,2) AS skew_rows,
         t.tbl_rows::numeric(38,0) AS estimated_visible_rows, NULL::text AS risk_event,
         NULL::numeric(12,2) AS vacuum_sort_benefit
  FROM (
    SELECT n.nspname::text AS schema, c.oid::int AS table_id, c.relname::text AS name,
           coalesce(pg_catalog.table_mark(c.reloptions, 'diststyle'), 'auto') AS style,
           pg_catalog.table_rows(c.oid) AS tbl_rows,
           bool_or(pg_catalog.column_encoding(a.attoptions, a.atttypid) <> 'none') AS encoded,
           max(a.attname::text) FILTER (WHERE pg_catalog.table_mark(a.attoptions, 'distkey') IS NOT NULL) AS distkey,
           max(a.attname::text) FILTER (WHERE pg_catalog.table_mark(a.attoptions, 'sortkey') = '1') AS sortkey1,
           max(pg_catalog.column_encoding(a.attoptions, a.atttypid))
             FILTER (WHERE pg_catalog.table_mark(a.attoptions, 'sortkey') = '1') AS sortkey1_enc,
           count(pg_catalog.table_mark(a.attoptions, 'sortkey'))::int AS sortkey_num,
           coalesce(max(a.atttypmod - 4) FILTER (WHERE a.atttypid = 'varchar'::regtype), 0)::int AS max_varchar
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid
    WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND a.attnum > 0 AND NOT a.attisdropped
      AND nspname NOT IN ('pg_catalog', 'information_schema', 'pg_local') AND has_table_privilege(c.oid, 'SELECT')
    GROUP BY n.nspname, c.oid, c.relname, c.reloptions) AS t
  WHERE t.tbl_rows > 0;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_STV_INFLIGHT.html: a user sees his own
CREATE UNLOGGED TABLE IF NOT EXISTS pg_local.running (pid int NOT NULL, query int NOT NULL, xid int8 NOT NULL);
CREATE OR REPLACE VIEW pg_catalog.stv_inflight AS
  SELECT r.oid::int AS userid, 0 AS slice, n.query, 'default'::char(320) AS label, n.xid, a.pid,
         a.query_start AT TIME ZONE 'UTC' AS starttime, a.query::char(100) AS text, 0 AS suspended, 0 AS insert_pristine,
         0 AS concurrency_scaling_status
  FROM pg_stat_activity AS a JOIN pg_roles AS r ON r.rolname = a.usename
  JOIN pg_local.running AS n ON n.pid = a.pid
  WHERE a.state = 'active' AND a.datname = current_database() AND pg_catalog.sees_loads_of(r.oid::int);

-- https://docs.aws.amazon.com/redshift/latest/dg/r_STL_QUERY.html: a string of several statements is one row here
CREATE TABLE IF NOT EXISTS pg_local.query_log (
  query int PRIMARY KEY, userid oid, pid int NOT NULL, querytxt text NOT NULL, starttime timestamp NOT NULL,
  endtime timestamp NOT NULL, aborted int NOT NULL);
ALTER TABLE pg_local.query_log ADD COLUMN IF NOT EXISTS xid int8;
CREATE OR REPLACE VIEW pg_catalog.stl_query AS
  SELECT userid::int8::int AS userid, query, 'default'::char(320) AS label, xid, pid,
         current_database()::char(32) AS database, querytxt::char(4000) AS querytxt, starttime, endtime, aborted,
         0 AS insert_pristine, 0 AS concurrency_scaling_status
  FROM pg_local.query_log WHERE pg_catalog.sees_loads_of(userid::int8::int) AND pg_catalog.has_stl_tables();

-- https://docs.aws.amazon.com/redshift/latest/dg/PG_GET_COLS.html
CREATE OR REPLACE FUNCTION pg_catalog.pg_get_cols(relation text) RETURNS SETOF record
LANGUAGE sql STABLE AS $$
  SELECT n.nspname, c.relname, a.attname,
         replace(format_type(a.atttypid, a.atttypmod), 'bytea', 'binary varying')::varchar, a.attnum::int
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid
  WHERE c.oid = relation::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
$$;
-- There are none of these here, for what would make them is refused:
-- https://docs.aws.amazon.com/redshift/latest/dg/PG_GET_LATE_BINDING_VIEW_COLS.html
CREATE OR REPLACE FUNCTION pg_catalog.pg_get_late_binding_view_cols() RETURNS SETOF record
LANGUAGE plpgsql STABLE AS $$BEGIN RETURN; END$$;
-- https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_EXTERNAL_SCHEMAS.html, r_SVV_EXTERNAL_TABLES.html,
-- r_SVV_EXTERNAL_COLUMNS.html
CREATE OR REPLACE VIEW pg_catalog.svv_external_schemas AS
  SELECT 0::oid AS esoid, 0::smallint AS eskind, ''::name AS schemaname, 0 AS esowner, ''::text AS databasename,
         ''::text AS esoptions WHERE false;
CREATE OR REPLACE VIEW pg_catalog.svv_external_tables AS
  SELECT ''::text AS redshift_database_name, ''::text AS schemaname, ''::text AS tablename, ''::text AS tabletype,
         ''::text AS location, ''::text AS input_format, ''::text AS output_format, ''::text AS serialization_lib,
         ''::text AS serde_parameters, 0 AS compressed, ''::text AS parameters WHERE false;
CREATE OR REPLACE VIEW pg_catalog.svv_external_columns AS
  SELECT ''::text AS redshift_database_name, ''::text AS schemaname, ''::text AS tablename, ''::text AS columnname,
         ''::text AS external_type, 0 AS columnnum, 0 AS part_key, ''::text AS is_nullable WHERE false;
GRANT SELECT ON pg_catalog.pg_table_def, pg_catalog.stv_tbl_perm, pg_catalog.svv_table_info, pg_catalog.stv_inflight,
  pg_catalog.stl_query, pg_catalog.svv_external_schemas, pg_catalog.svv_external_tables, pg_catalog.svv_external_columns
  TO PUBLIC;
