-- Which of PostgreSQL's functions a session may call: those that Redshift has too, with the same meaning. All others are
-- refused (see refusals.py), so that nobody relies here on what is missing on a cluster.
-- Run last; every statement can run twice.

DO $$
DECLARE
  known text[] := ARRAY[
    -- https://docs.aws.amazon.com/redshift/latest/dg/c_Aggregate_Functions.html
    'any_value', 'avg', 'count', 'max', 'min', 'percentile_cont', 'stddev', 'stddev_pop', 'stddev_samp', 'sum', 'var_pop',
    'var_samp', 'variance', 'bit_and', 'bit_or', 'bool_and', 'bool_or',
    -- https://docs.aws.amazon.com/redshift/latest/dg/c_Window_functions.html
    'cume_dist', 'dense_rank', 'first_value', 'lag', 'last_value', 'lead', 'nth_value', 'ntile', 'percent_rank', 'rank',
    'row_number',
    -- https://docs.aws.amazon.com/redshift/latest/dg/Math_functions.html
    'abs', 'acos', 'asin', 'atan', 'atan2', 'cbrt', 'ceil', 'ceiling', 'cos', 'cot', 'degrees', 'dexp', 'dlog1', 'dlog10',
    'exp', 'floor', 'ln', 'log', 'mod', 'pi', 'pow', 'power', 'radians', 'random', 'round', 'sign', 'sin', 'sqrt', 'tan',
    'trunc',
    -- https://docs.aws.amazon.com/redshift/latest/dg/String_functions_header.html; LIKE, SIMILAR TO
    'ascii', 'bpcharcmp', 'btrim', 'bttext_pattern_cmp', 'char_length', 'character_length', 'chr', 'initcap', 'left', 'len',
    'length', 'lower', 'lpad', 'ltrim', 'md5', 'octet_length', 'position', 'quote_ident', 'quote_literal', 'repeat',
    'replace', 'reverse', 'right', 'rpad', 'rtrim', 'split_part', 'strpos', 'substring', 'textlen', 'to_hex', 'translate',
    'upper', 'like', 'notlike', 'like_escape', 'similar_escape', 'similar_to_escape',
    -- https://docs.aws.amazon.com/redshift/latest/dg/Date_functions_header.html and r_Data_type_formatting.html
    'date_cmp', 'date_cmp_timestamp', 'date_cmp_timestamptz', 'date_part', 'date_trunc', 'interval_cmp', 'timeofday',
    'timestamp_cmp', 'timestamp_cmp_date', 'timestamp_cmp_timestamptz', 'timestamptz_cmp', 'timestamptz_cmp_date',
    'timestamptz_cmp_timestamp', 'timezone', 'to_char', 'to_date', 'to_number', 'to_timestamp',
    -- https://docs.aws.amazon.com/redshift/latest/dg/r_System_information_functions.html and System_administration_functions
    'current_database', 'current_schema', 'current_schemas', 'current_setting', 'current_user', 'session_user', 'set_config',
    'has_column_privilege', 'has_database_privilege', 'has_schema_privilege', 'has_table_privilege', 'pg_backend_pid',
    'pg_cancel_backend', 'pg_terminate_backend',
    -- What tools ask PostgreSQL's catalog with, which Redshift's leader node has.
    'array_dims', 'array_lower', 'array_to_string', 'array_upper', 'col_description', 'format_type', 'getpgusername',
    'obj_description', 'pg_client_encoding', 'pg_encoding_to_char', 'pg_function_is_visible', 'pg_get_constraintdef',
    'pg_get_expr', 'pg_get_indexdef', 'pg_get_ruledef', 'pg_get_triggerdef', 'pg_get_userbyid', 'pg_get_viewdef',
    'pg_show_all_settings', 'pg_stat_get_activity', 'pg_table_is_visible', 'pg_type_is_visible',
    -- What the views and functions here and in information_schema are made of.
    'acldefault', 'aclexplode', 'bpchar', 'extract_numeric', 'getdatabaseencoding', 'has_any_column_privilege',
    'has_function_privilege', 'has_sequence_privilege', 'has_type_privilege', 'nameconcatoid', 'pg_column_is_updatable',
    'pg_has_role', 'pg_is_other_temp_schema', 'pg_lock_status', 'pg_my_temp_schema', 'pg_relation_is_updatable',
    'pg_table_size', 'statement_timestamp', 'to_regclass', 'varchar',
    -- What information_schema, which is older than texts.sql, goes on comparing with.
    'texteq', 'textne', 'text_lt', 'text_le', 'text_gt', 'text_ge'];
  hidden regprocedure[] := ARRAY[  -- of these names
    'to_timestamp(float8)', 'random(int, int)', 'random(int8, int8)', 'random(numeric, numeric)', 'substring(text, text)',
    'reverse(bytea)', 'md5(bytea)'];
  foreign_types regtype[] := ARRAY[
    'json', 'jsonb', 'xml', 'uuid', 'money', 'inet', 'bit', 'varbit', 'tsvector', 'tsquery', 'point', 'line', 'lseg', 'box',
    'path', 'polygon', 'circle', 'anyrange', 'anymultirange'];
BEGIN
  ALTER FUNCTION information_schema._pg_expandarray(anyarray) SECURITY DEFINER;  -- it unnests, in key_column_usage
  UPDATE pg_proc AS p SET proacl = NULL
  WHERE oid < 16384 AND proacl IS NOT NULL
    AND NOT EXISTS (SELECT FROM pg_init_privs WHERE classoid = 'pg_proc'::regclass AND objoid = p.oid);
  -- What stands behind an operator, its hashing and sorting, a cast or a type is called by those as well, and stays: of
  -- types that Redshift has.
  UPDATE pg_proc AS p SET proacl = ARRAY[makeaclitem(proowner, proowner, 'EXECUTE', false)]
  WHERE oid < 16384 AND pronamespace = 'pg_catalog'::regnamespace AND proacl IS NULL
    AND (proname <> ALL (known) OR oid = ANY (hidden))
    AND (proargtypes::oid[] && foreign_types::oid[] OR NOT EXISTS (SELECT FROM pg_operator WHERE oprcode = p.oid))
    AND NOT EXISTS (SELECT FROM pg_amproc WHERE amproc = p.oid)
    AND NOT EXISTS (SELECT FROM pg_cast WHERE castfunc = p.oid)
    AND NOT EXISTS (SELECT FROM pg_type WHERE p.oid IN (typinput, typoutput));
END $$;
