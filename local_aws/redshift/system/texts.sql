-- Blanks at the end of a VARCHAR count for nothing where two are compared, grouped, joined or sorted.
-- https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html, r_Examples_with_character_types.html
-- PostgreSQL compares CHARs so. Its functions for that are put behind the operators and the hashing and sorting of texts.
-- Every statement can run twice.

DO $$
DECLARE
  pair text[];
BEGIN
  FOREACH pair SLICE 1 IN ARRAY ARRAY[
    ['texteq', 'bpchareq', 'bool'], ['textne', 'bpcharne', 'bool'], ['text_lt', 'bpcharlt', 'bool'],
    ['text_le', 'bpcharle', 'bool'], ['text_gt', 'bpchargt', 'bool'], ['text_ge', 'bpcharge', 'bool'],
    ['bttextcmp', 'bpcharcmp', 'int4']]
  LOOP
    EXECUTE format(
      'CREATE OR REPLACE FUNCTION pg_catalog.%1$I(text, text) RETURNS %3$s'
      ' LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE AS %2$L', 'blank_' || pair[1], pair[2], pair[3]);
    UPDATE pg_operator SET oprcode = ('pg_catalog.blank_' || pair[1])::regproc
    WHERE oprcode = ('pg_catalog.' || pair[1] || '(text,text)')::regprocedure;
    UPDATE pg_amproc SET amproc = ('pg_catalog.blank_' || pair[1])::regproc
    WHERE amproc = ('pg_catalog.' || pair[1] || '(text,text)')::regprocedure;
  END LOOP;
END $$;
CREATE OR REPLACE FUNCTION pg_catalog.blank_hashtext(text) RETURNS int4
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashbpchar';
CREATE OR REPLACE FUNCTION pg_catalog.blank_hashtextextended(text, int8) RETURNS int8
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'hashbpcharextended';
CREATE OR REPLACE FUNCTION pg_catalog.blank_bttextsortsupport(internal) RETURNS void
LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'bpchar_sortsupport';
UPDATE pg_amproc SET amproc = 'pg_catalog.blank_hashtext'::regproc WHERE amproc = 'pg_catalog.hashtext'::regproc;
UPDATE pg_amproc SET amproc = 'pg_catalog.blank_hashtextextended'::regproc
WHERE amproc = 'pg_catalog.hashtextextended'::regproc;
UPDATE pg_amproc SET amproc = 'pg_catalog.blank_bttextsortsupport'::regproc
WHERE amproc = 'pg_catalog.bttextsortsupport'::regproc;
