-- A store as schema version 1 left it. Never edit: newer versions must be able to open it.
PRAGMA application_id = 1297437524;
PRAGMA user_version = 1;
CREATE TABLE record (
    kind BLOB NOT NULL,
    id BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE entry (
    log BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (log, sequence)
) STRICT, WITHOUT ROWID;
INSERT INTO record VALUES (CAST('server' AS BLOB), CAST('srv-1' AS BLOB), CAST('{"name":"friday"}' AS BLOB));
INSERT INTO record VALUES (CAST('node' AS BLOB), CAST('node-1' AS BLOB), CAST('{}' AS BLOB));
INSERT INTO entry VALUES (CAST('audit' AS BLOB), 1, CAST('first' AS BLOB));
INSERT INTO entry VALUES (CAST('audit' AS BLOB), 2, CAST('second' AS BLOB));
