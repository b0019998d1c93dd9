"""The database of a host as an older version would have left it: older.py NEW OLD VERSION MIGRATION…

Makes OLD with the first VERSION migrations, and copies into it of NEW what its tables have room for. Before version 3
an answer was a JSON array of its parts. Prints the number of rows of each table as JSON.
"""

import hashlib
import json
import os
import sqlite3
import sys

new_file, old_file, version, *migrations = sys.argv[1:]
version = int(version)
for suffix in ["", "-wal", "-shm"]:
    if os.path.exists(old_file + suffix):
        os.remove(old_file + suffix)
new = sqlite3.connect(new_file)
new.row_factory = sqlite3.Row
old = sqlite3.connect(old_file)
# Python's SQLite may be older than the host's, which has it built in.
old.create_function("octet_length", 1, lambda text: None if text is None else len(text.encode()), deterministic=True)
old.execute(
    """CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL)"""
)
for number, migration in enumerate(sorted(migrations)[:version], 1):
    with open(migration) as file:
        sql = file.read()
    old.executescript(sql)
    checksum = hashlib.sha384(sql.encode()).digest()
    row = (number, "x", "2026-01-01", 1, checksum, 1)
    old.execute("INSERT INTO _sqlx_migrations VALUES (?, ?, ?, ?, ?, ?)", row)


def parts(message):
    """The parts of an answer, as they were written before version 3."""
    rows = new.execute("SELECT * FROM parts WHERE message_id = ? ORDER BY branch, place, piece", (message,))
    for row in rows:
        if row["kind"] == "text":
            yield {"kind": "text", "text": row["text"]}
        else:
            keys = ["tool_id", "name", "input", "state", "duration_ms"]
            yield {"kind": "tool", "output": row["text"]} | {key: row[key] for key in keys}


counts = {}
old.execute("PRAGMA foreign_keys = OFF")
tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%sqlite_%' AND name <> '_sqlx_migrations'"
for (table,) in old.execute(tables).fetchall():
    there = {row[1] for row in new.execute(f"PRAGMA table_info({table})")}
    columns = [row[1] for row in old.execute(f"PRAGMA table_info({table})") if row[1] in there]
    rows = [dict(row) for row in new.execute(f"SELECT {', '.join(columns)} FROM {table}")]
    for row in rows:
        if version < 3 and table == "messages" and row["role"] == "assistant":
            row["content"] = json.dumps(list(parts(row["id"])))
        values = ", ".join("?" * len(row))
        old.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})", list(row.values()))
    counts[table] = len(rows)
old.commit()
assert old.execute("PRAGMA foreign_key_check").fetchall() == []
print(json.dumps(counts))
