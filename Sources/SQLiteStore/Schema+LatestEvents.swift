/// The table of the newest event of each type at each place, so that views of projects need no search in the log.
extension Schema {
    /// `unfailed` is the newest whose result is not `fail`. An event without stage or service has empty ones here.
    static let latestEvents = """
        CREATE TABLE latest_events (
            project TEXT NOT NULL CHECK (project <> ''),
            stage TEXT NOT NULL,
            service TEXT NOT NULL,
            type TEXT NOT NULL CHECK (type <> ''),
            seq INTEGER NOT NULL CHECK (seq > 0),
            unfailed INTEGER CHECK (unfailed BETWEEN 1 AND seq),
            PRIMARY KEY (project, stage, service, type)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO latest_events (project, stage, service, type, seq, unfailed)
            SELECT project, COALESCE(stage, ''), COALESCE(service, ''), type, MAX(seq),
                MAX(CASE WHEN result IS NOT 'fail' THEN seq END)
            FROM events WHERE project <> '' GROUP BY 1, 2, 3, 4;
        """
}
