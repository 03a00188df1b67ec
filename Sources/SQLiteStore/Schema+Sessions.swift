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
}
