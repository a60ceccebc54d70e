"""What a CREATE TABLE says of distribution, sort order and encoding: kept, so that system tables can tell it again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from local_aws.redshift.sql.sql_tokens import Token


@dataclass
class TableMarks:
    """The marks of one table. ``catalog.sql`` reads them from a comment in the statement."""

    table: str = ""
    like: str | None = None
    diststyle: str | None = None
    distkey: str | None = None
    sortkey: list[str] = field(default_factory=list)
    interleaved: bool = False
    encode: dict[str, str] = field(default_factory=dict)

    def key(self, kind: str, column: str) -> None:
        """Note a column of DISTKEY or SORTKEY."""
        if kind == "sortkey":
            self.sortkey.append(column)
        else:
            self.distkey, self.diststyle = column, "key"

    def column_attribute(self, column: str, words: list[Token]) -> None:
        """Note what stands first among a column's attributes, if it is one of these."""
        if words[0].key in ("distkey", "sortkey"):
            self.key(words[0].key, column)
        elif words[0].key == "encode" and len(words) > 1:
            self.encode[column] = words[1].key

    def comment(self) -> str:
        """The comment; nothing where there is nothing to keep. No star of a name may end it early."""
        kept = {name: value for name, value in asdict(self).items() if value}
        if kept.keys() <= {"table"}:
            return " "
        text = json.dumps(kept).replace("*", "\\u002a")
        return f" /*local_endpoint{text}*/ "
