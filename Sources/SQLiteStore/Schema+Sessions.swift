/// The table of logins with a browser.
extension Schema {
    /// Neither the cookie's text nor the token's: only their SHA-256. Times are nanoseconds since 1970.
    static let sessions = """
        CREATE TABLE sessions (
            hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
            token BLOB NOT NULL CHECK (length(token) = 32),
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// `token` for those that a token has opened; else who it was, whom that issuer vouched for, and their scopes.
    static let sessionsOfPeople = """
        CREATE TABLE new_sessions (
            hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
            token BLOB CHECK (length(token) = 32),
            name TEXT,
            issuer TEXT CHECK ((issuer IS NULL) = (name IS NULL) AND (issuer IS NULL) = (token IS NOT NULL)),
            scopes TEXT CHECK ((scopes IS NULL) = (issuer IS NULL) AND (scopes IS NULL OR json_type(scopes) = 'array')),
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        INSERT INTO new_sessions SELECT hash, token, NULL, NULL, NULL, created_at, expires_at FROM sessions;
        DROP TABLE sessions;
        ALTER TABLE new_sessions RENAME TO sessions;
        """
}
