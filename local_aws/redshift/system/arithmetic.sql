-- What Redshift works out with numbers, where PostgreSQL's types differ. Every statement can run twice.

-- PostgreSQL's own averages keep working for its views under another name.
DO $$
DECLARE
  kind text;
BEGIN
  FOREACH kind IN ARRAY ARRAY['int2', 'int4', 'int8', 'numeric'] LOOP
    IF to_regprocedure(format('pg_catalog.avg_numeric(%s)', kind)) IS NULL THEN
      EXECUTE format('ALTER AGGREGATE pg_catalog.avg(%s) RENAME TO avg_numeric', kind);
    END IF;
  END LOOP;
END $$;

-- https://docs.aws.amazon.com/redshift/latest/dg/r_AVG.html: of integers a truncated BIGINT, of DECIMALs one of their scale.
-- That what is beyond the scale is cut off too, and not rounded, is unverified.
CREATE OR REPLACE FUNCTION pg_catalog.avg_truncated(state int8[]) RETURNS int8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT state[2] / nullif(state[1], 0)';
CREATE OR REPLACE AGGREGATE pg_catalog.avg(int2) (
  SFUNC = int2_avg_accum, STYPE = int8[], INITCOND = '{0,0}', FINALFUNC = pg_catalog.avg_truncated,
  COMBINEFUNC = int4_avg_combine, MSFUNC = int2_avg_accum, MINVFUNC = int2_avg_accum_inv, MSTYPE = int8[],
  MINITCOND = '{0,0}', MFINALFUNC = pg_catalog.avg_truncated, PARALLEL = SAFE);
CREATE OR REPLACE AGGREGATE pg_catalog.avg(int4) (
  SFUNC = int4_avg_accum, STYPE = int8[], INITCOND = '{0,0}', FINALFUNC = pg_catalog.avg_truncated,
  COMBINEFUNC = int4_avg_combine, MSFUNC = int4_avg_accum, MINVFUNC = int4_avg_accum_inv, MSTYPE = int8[],
  MINITCOND = '{0,0}', MFINALFUNC = pg_catalog.avg_truncated, PARALLEL = SAFE);
-- A sum of NUMERICs has the scale of the one that has the largest. plpgsql changes the state where it lies.
CREATE OR REPLACE FUNCTION pg_catalog.avg_add(state numeric[], value anyelement) RETURNS numeric[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  state[1] := state[1] + 1;
  state[2] := state[2] + value;
  RETURN state;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.avg_take(state numeric[], value anyelement) RETURNS numeric[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  state[1] := state[1] - 1;
  state[2] := state[2] - value;
  RETURN state;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.avg_cut(state numeric[]) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog
AS 'SELECT trunc(state[2] / nullif(state[1], 0), scale(state[2]))';
CREATE OR REPLACE FUNCTION pg_catalog.avg_truncated(state numeric[]) RETURNS int8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT trunc(state[2] / nullif(state[1], 0))::int8';
CREATE OR REPLACE AGGREGATE pg_catalog.avg(int8) (
  SFUNC = pg_catalog.avg_add, STYPE = numeric[], INITCOND = '{0,0}', FINALFUNC = pg_catalog.avg_truncated,
  MSFUNC = pg_catalog.avg_add, MINVFUNC = pg_catalog.avg_take, MSTYPE = numeric[], MINITCOND = '{0,0}',
  MFINALFUNC = pg_catalog.avg_truncated);
CREATE OR REPLACE AGGREGATE pg_catalog.avg(numeric) (
  SFUNC = pg_catalog.avg_add, STYPE = numeric[], INITCOND = '{0,0}', FINALFUNC = pg_catalog.avg_cut,
  MSFUNC = pg_catalog.avg_add, MINVFUNC = pg_catalog.avg_take, MSTYPE = numeric[], MINITCOND = '{0,0}',
  MFINALFUNC = pg_catalog.avg_cut);

-- These give DOUBLE PRECISION whatever they are given: without PostgreSQL's other ones, those of float8 are found.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_STDDEV_functions.html, r_VARIANCE_functions.html, r_SQRT.html,
-- r_EXP.html, r_LN.html, r_LOG.html, r_POWER.html
DO $$
DECLARE
  found pg_proc;
BEGIN
  FOR found IN
    SELECT * FROM pg_proc
    WHERE oid < 16384 AND pronamespace = 'pg_catalog'::regnamespace AND prorettype = 'numeric'::regtype
      AND proname IN ('stddev', 'stddev_pop', 'stddev_samp', 'variance', 'var_pop', 'var_samp', 'sqrt', 'exp', 'ln', 'log',
                      'pow', 'power')
  LOOP
    EXECUTE format('ALTER ROUTINE %s RENAME TO %I', found.oid::regprocedure, found.proname || '_of_numeric');
  END LOOP;
END $$;

-- ROUND and TRUNC of a DOUBLE PRECISION to some digits: https://docs.aws.amazon.com/redshift/latest/dg/r_ROUND.html
DO $$
DECLARE
  name text;
  kind text;
BEGIN
  FOREACH name IN ARRAY ARRAY['round', 'trunc'] LOOP
    EXECUTE format(
      'CREATE OR REPLACE FUNCTION pg_catalog.%1$I(value float8, digits int) RETURNS float8'
      ' LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS ''SELECT %1$I($1::numeric, $2)::float8''', name);
    FOREACH kind IN ARRAY ARRAY['int2', 'int4', 'int8'] LOOP  -- PostgreSQL would now choose the one above
      EXECUTE format(
        'CREATE OR REPLACE FUNCTION pg_catalog.%1$I(value %2$s, digits int) RETURNS numeric'
        ' LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS ''SELECT %1$I($1::numeric, $2)''', name, kind);
    END LOOP;
  END LOOP;
END $$;

-- SIGN has its argument's type: https://docs.aws.amazon.com/redshift/latest/dg/r_SIGN.html
DO $$
DECLARE
  kind text;
BEGIN
  FOREACH kind IN ARRAY ARRAY['int2', 'int4', 'int8'] LOOP
    EXECUTE format(
      'CREATE OR REPLACE FUNCTION pg_catalog.sign(value %1$s) RETURNS %1$s LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE'
      ' AS ''SELECT (($1 > 0)::int - ($1 < 0)::int)::%1$s''', kind);
  END LOOP;
END $$;
