"""SET, SHOW and RESET of the parameters that Redshift has and PostgreSQL has not.

https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_ConfigurationRef.html
"""

from __future__ import annotations

from local_aws.redshift.sql.sql_tokens import WORD, Token, name_value, significant
from local_aws.redshift.sql_error import UNDEFINED_OBJECT, SqlError, unsupported

SERVER_VERSION = "8.0.2"  # what Redshift says of itself; drivers ask for it
# How a cluster does its work, which changes no answer: they are kept and shown, and mean nothing here.
_WITHOUT_MEANING = {
    "analyze_threshold_percent": "10",
    "enable_result_cache_for_session": "on",
    "enable_vacuum_boost": "off",
    "max_concurrency_scaling_clusters": "1",
    "max_cursor_result_set_size": "0",
    "query_group": "unset",
    "wlm_query_slot_count": "1",
}
_REFUSED = (
    *("cast_super_null_on_error", "datashare_break_glass_session_var", "default_geometry_encoding"),
    *("describe_field_name_in_uppercase", "downcase_delimited_identifier", "enable_case_sensitive_identifier"),
    *("enable_case_sensitive_super_attribute", "enable_numeric_rounding", "enable_spectrum_oid"),
    *("error_on_nondeterministic_update", "interval_forbid_composite_literals", "json_serialization_enable"),
    *("json_serialization_parse_nested_strings", "mv_enable_aqmv_for_session", "navigate_super_null_on_error"),
    *("parse_super_null_on_error", "pg_federation_repeatable_read", "spectrum_enable_pseudo_columns"),
    *("spectrum_query_maxerror", "stored_proc_log_min_messages", "use_fips_ssl"),
)
LITERAL_MODE = "standard_conforming_strings"  # unknown to Redshift: a backslash always escapes
NAMES = (*_WITHOUT_MEANING, *_REFUSED)


def rewrite(tokens: list[Token]) -> list[Token]:
    """Rewrite a SET, SHOW or RESET; PostgreSQL keeps a parameter that is not its own under a name with a dot.

    Raises SqlError for a parameter that would change answers.
    """
    verb, *words = [token for token in significant(tokens) if token.key not in ("session", "local")]
    name = name_value(words[0]) if words else ""
    if name == "server_version" and verb.key == "show":
        return [Token(WORD, f"SELECT '{SERVER_VERSION}' AS server_version;")]
    if name == LITERAL_MODE:
        raise SqlError(UNDEFINED_OBJECT, f'unrecognized configuration parameter "{LITERAL_MODE}"')
    if name in _REFUSED:
        raise unsupported(f"the parameter {name}")
    if name not in _WITHOUT_MEANING:
        return tokens
    own = f"local_endpoint.{name}"
    if verb.key == "show":
        shown = f"coalesce(nullif(current_setting('{own}', true), ''), '{_WITHOUT_MEANING[name]}')"
        return [Token(WORD, f"SELECT {shown} AS {name};")]
    return [Token(WORD, own) if token is words[0] else token for token in tokens]
