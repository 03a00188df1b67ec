import GRDB

/// The tables that say in short what the log holds: `event_counts` and `latest_events`.
///
/// They follow the log at a distance and say how far they have come. Written with every event they would be a quarter
/// of all pages that are written; so many events at once mostly change the same few pages.
enum Summaries {
    /// Events by which they may be behind; more are not brought in at once, so that no commit waits long for them.
    static let lagMax: Int64 = 512

    /// Brings them to the end of the log, inside a transaction. Who reads them, or takes events away, does that first.
    static func update(_ db: Database) throws {
        let position = try db.cachedStatement(sql: "SELECT position FROM summaries")
        let done = try Int64.fetchOne(position) ?? 0
        for sql in [counting, noting] { try db.cachedStatement(sql: sql).execute(arguments: [done]) }
        try db.cachedStatement(
            sql: "UPDATE summaries SET position = MAX(position, (SELECT COALESCE(MAX(seq), 0) FROM events))"
        ).execute()
    }

    // An index that has the groups in their order would be read from end to end.

    private static let counting = """
        INSERT INTO event_counts (project, type, count, roots)
        SELECT project, type, COUNT(*), SUM(is_root) FROM events NOT INDEXED WHERE seq > ? GROUP BY 1, 2
        ON CONFLICT (project, type) DO UPDATE SET count = count + excluded.count, roots = roots + excluded.roots
        """

    private static let noting = """
        INSERT INTO latest_events (project, stage, service, type, seq, unfailed)
        SELECT project, COALESCE(stage, ''), COALESCE(service, ''), type, MAX(seq),
            MAX(CASE WHEN result IS NOT 'fail' THEN seq END)
        FROM events NOT INDEXED WHERE seq > ? AND project <> '' GROUP BY 1, 2, 3, 4
        ON CONFLICT (project, stage, service, type)
        DO UPDATE SET seq = excluded.seq, unfailed = COALESCE(excluded.unfailed, unfailed)
        """
}
