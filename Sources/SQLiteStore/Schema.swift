import GRDB
import Ports

/// The tables. A migration that has been released is never edited: a change is a new one.
enum Schema {
    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            try db.execute(sql: events)
            try db.execute(sql: sequences)
            try db.execute(sql: subscriptions)
        }
        migrator.registerMigration("2") { db in
            try db.execute(sql: secrets)
            try db.execute(sql: tokens)
        }
        migrator.registerMigration("3") { try $0.execute(sql: countsOfRoots) }
        migrator.registerMigration("uniform") { try $0.execute(sql: uniform) }
        migrator.registerMigration("latest events") { try $0.execute(sql: latestEvents) }
        migrator.registerMigration("push") { try $0.execute(sql: push) }
        migrator.registerMigration("sessions") { try $0.execute(sql: sessions) }
        migrator.registerMigration("overviews") { try $0.execute(sql: overviews) }
        migrator.registerMigration("people's sessions") { try $0.execute(sql: sessionsOfPeople) }
        migrator.registerMigration("service folders") { try $0.execute(sql: serviceFolders) }
        migrator.registerMigration("evaluations") { try $0.execute(sql: evaluations) }
        migrator.registerMigration("lists of executions") { try $0.execute(sql: listsOfExecutions) }
        migrator.registerMigration("remediations") { try $0.execute(sql: remediations) }
        migrator.registerMigration("summaries") { try $0.execute(sql: summaries) }
        return migrator
    }

    static func migrate(_ pool: DatabasePool, path: String) throws {
        let migrator = self.migrator
        let unknown = try pool.read { try migrator.appliedIdentifiers($0) }.subtracting(migrator.migrations)
        guard unknown.isEmpty else {
            throw KeptnError(
                .internalFailure,
                "\(path) was written by a newer version of keptn (its schema has version "
                    + "\(unknown.sorted().joined(separator: ", ")), this one knows "
                    + "\(migrator.migrations.joined(separator: ", "))): start the newer version")
        }
        try migrator.migrate(pool)
    }

    /// `seq` is given out by the writer, without gaps. The columns repeat what queries ask for; `body` is the event.
    /// The wide indexes hold all that the usual filters need, so that searching and counting do not touch the table;
    /// `event_counts` knows the numbers that would take longest to count.
    private static let events = """
        CREATE TABLE events (
            seq INTEGER PRIMARY KEY CHECK (seq > 0),
            id TEXT NOT NULL CHECK (id <> ''),
            source TEXT NOT NULL CHECK (source <> ''),
            type TEXT NOT NULL CHECK (type <> ''),
            context TEXT,
            project TEXT NOT NULL,
            stage TEXT,
            service TEXT,
            triggered_id TEXT,
            result TEXT,
            time_ns INTEGER,
            is_root INTEGER NOT NULL CHECK (is_root IN (0, 1)),
            body BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX events_by_identity ON events (id, source);
        CREATE INDEX events_by_context ON events (context, seq) WHERE context IS NOT NULL;
        CREATE INDEX events_by_project ON events (project, seq, stage, service, time_ns);
        CREATE INDEX events_by_type ON events (project, type, seq, stage, service, source, result, time_ns);
        CREATE INDEX events_by_trigger ON events (triggered_id, seq) WHERE triggered_id IS NOT NULL;
        CREATE INDEX events_by_root ON events (project, seq) WHERE is_root = 1;
        CREATE INDEX events_invalidating ON events (triggered_id) WHERE substr(type, -12) = '.invalidated';
        CREATE TABLE event_counts (
            project TEXT NOT NULL,
            type TEXT NOT NULL,
            count INTEGER NOT NULL CHECK (count > 0),
            PRIMARY KEY (project, type)
        ) STRICT, WITHOUT ROWID;
        """

    /// `roots` are the first events of their contexts. `count` may fall to 0 since events can be removed.
    private static let countsOfRoots = """
        CREATE TABLE counts (
            project TEXT NOT NULL,
            type TEXT NOT NULL,
            count INTEGER NOT NULL CHECK (count >= 0),
            roots INTEGER NOT NULL CHECK (roots BETWEEN 0 AND count),
            PRIMARY KEY (project, type)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO counts SELECT project, type, COUNT(*), SUM(is_root) FROM events GROUP BY project, type;
        DROP TABLE event_counts;
        ALTER TABLE counts RENAME TO event_counts;
        """

    /// `is_first` marks the execution that a run is sorted and named by. Definitions never change and stand apart,
    /// so that an update does not write them again.
    private static let sequences = """
        CREATE TABLE executions (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE CHECK (id <> ''),
            version INTEGER NOT NULL CHECK (version > 0),
            project TEXT NOT NULL,
            stage TEXT NOT NULL,
            service TEXT NOT NULL,
            context TEXT NOT NULL,
            name TEXT NOT NULL,
            triggered_at INTEGER NOT NULL,
            is_first INTEGER NOT NULL CHECK (is_first IN (0, 1)),
            state TEXT NOT NULL CHECK (
                state IN (
                    'triggered', 'waiting', 'started', 'waitingForApproval', 'paused', 'finished', 'aborted', 'timedOut'
                )
            ),
            is_open INTEGER NOT NULL CHECK (is_open = (state NOT IN ('finished', 'aborted', 'timedOut'))),
            wake_at INTEGER CHECK (wake_at IS NULL OR is_open),
            task TEXT CHECK (task IS NULL OR is_open),
            task_event_id TEXT CHECK ((task IS NULL) = (task_event_id IS NULL)),
            body BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX executions_first ON executions (project, context) WHERE is_first = 1;
        CREATE INDEX executions_by_context ON executions (project, context, triggered_at);
        CREATE INDEX executions_by_time ON executions (project, triggered_at) WHERE is_first = 1;
        CREATE INDEX executions_open ON executions (project, stage, service, triggered_at) WHERE is_open = 1;
        CREATE INDEX executions_waking ON executions (wake_at) WHERE wake_at IS NOT NULL;
        CREATE INDEX executions_by_task ON executions (task) WHERE task IS NOT NULL;
        CREATE TABLE definitions (
            execution INTEGER PRIMARY KEY REFERENCES executions (number) ON DELETE CASCADE,
            body BLOB NOT NULL
        ) STRICT;
        CREATE TABLE pauses (
            project TEXT NOT NULL,
            context TEXT NOT NULL,
            stage TEXT NOT NULL, -- '' for the whole context
            is_paused INTEGER NOT NULL CHECK (is_paused IN (0, 1)),
            PRIMARY KEY (project, context, stage)
        ) STRICT, WITHOUT ROWID;
        """

    private static let subscriptions = """
        CREATE TABLE subscriptions (
            name TEXT PRIMARY KEY,
            position INTEGER NOT NULL CHECK (position >= 0),
            open TEXT NOT NULL CHECK (json_type(open) = 'array')
        ) STRICT, WITHOUT ROWID;
        """

    /// `sealed` is the map of values, encrypted; the names of its keys are no secret.
    private static let secrets = """
        CREATE TABLE secrets (
            scope TEXT NOT NULL CHECK (scope <> ''),
            name TEXT NOT NULL CHECK (name <> ''),
            keys TEXT NOT NULL CHECK (json_type(keys) = 'array'),
            sealed BLOB NOT NULL,
            PRIMARY KEY (scope, name)
        ) STRICT, WITHOUT ROWID;
        """

    /// A token itself is nowhere: only its SHA-256. Times are nanoseconds since 1970.
    private static let tokens = """
        CREATE TABLE tokens (
            name TEXT PRIMARY KEY CHECK (name <> ''),
            hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
            scopes TEXT NOT NULL CHECK (json_type(scopes) = 'array'),
            projects TEXT CHECK (projects IS NULL OR json_type(projects) = 'array'), -- NULL for all
            created_at INTEGER NOT NULL,
            expires_at INTEGER,
            last_used_at INTEGER
        ) STRICT, WITHOUT ROWID;
        """
}
