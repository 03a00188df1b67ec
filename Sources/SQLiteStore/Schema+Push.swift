/// The tables of push subscriptions and of what could not be delivered to them.
extension Schema {
    /// A failure goes when its event or its subscription does.
    static let push = """
        CREATE TABLE push_subscriptions (
            name TEXT PRIMARY KEY CHECK (name <> ''),
            cursor TEXT NOT NULL,
            body TEXT NOT NULL CHECK (json_type(body) = 'object')
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE failed_deliveries (
            subscription TEXT NOT NULL REFERENCES push_subscriptions (name) ON DELETE CASCADE,
            seq INTEGER NOT NULL REFERENCES events (seq) ON DELETE CASCADE,
            attempts INTEGER NOT NULL,
            reason TEXT NOT NULL,
            failed_at INTEGER NOT NULL,
            is_to_replay INTEGER NOT NULL CHECK (is_to_replay IN (0, 1)),
            PRIMARY KEY (subscription, seq)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX failed_deliveries_by_event ON failed_deliveries (seq);
        CREATE INDEX failed_deliveries_to_replay ON failed_deliveries (subscription, seq) WHERE is_to_replay = 1;
        """
}
