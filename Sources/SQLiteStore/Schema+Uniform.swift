/// The tables of integrations and of the lines they write, and the index of what tasks ask of other tasks.
extension Schema {
    /// The columns repeat what queries ask for; `body` is the whole. The index of requests is small: the shipyard's own
    /// tasks, by far the most, are found by their executions.
    static let uniform = """
        CREATE TABLE integrations (
            id TEXT PRIMARY KEY CHECK (id <> ''),
            last_seen INTEGER NOT NULL,
            body TEXT NOT NULL CHECK (json_type(body) = 'object')
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE integration_logs (
            number INTEGER PRIMARY KEY,
            integration TEXT NOT NULL CHECK (integration <> ''),
            time_ns INTEGER NOT NULL,
            context TEXT NOT NULL,
            triggered_id TEXT NOT NULL,
            message TEXT NOT NULL,
            body TEXT NOT NULL CHECK (json_type(body) = 'object')
        ) STRICT;
        CREATE INDEX integration_logs_by_integration ON integration_logs (integration, time_ns);
        CREATE INDEX integration_logs_by_time ON integration_logs (time_ns);
        CREATE INDEX integration_logs_by_task ON integration_logs (triggered_id, integration);
        CREATE TABLE integration_log_position (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            position INTEGER NOT NULL CHECK (position >= 0)
        ) STRICT;
        CREATE INDEX events_requesting ON events (type, time_ns)
            WHERE substr(type, -10) = '.triggered' AND source <> 'shipyard-controller';
        """
}
