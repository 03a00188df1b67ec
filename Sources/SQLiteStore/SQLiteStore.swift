import CloudEvents
import Dispatch
import FoundationEssentials
import GRDB
import Glibc
package import Logging
package import Ports

/// The store in one SQLite file, `keptn.db`: every commit is on the disk before it is answered, and whatever waits to
/// be committed shares one sync.
package final class SQLiteStore: EventLog, SubscriptionStore {
    let pool: DatabasePool
    let recent: RecentEvents
    let writeAheadLog: WriteAheadLog
    let logger: Logger
    private let writer: GroupCommit
    private let lock: FolderLock

    /// Opens the store of a folder, and makes both where they do not exist yet. Throws when another process has it
    /// open, when it was written by a newer version, and when the disk does not promise what we promise.
    package static func open(folder: String, logger: Logger) async throws -> SQLiteStore {
        try await withCheckedThrowingContinuation { continuation in
            // Opening waits for the disk.
            DispatchQueue.global().async {
                continuation.resume(with: Result { try SQLiteStore(folder: folder, logger: logger) })
            }
        }
    }

    private init(folder: String, logger: Logger) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        lock = try FolderLock(folder)
        self.logger = logger
        let path = folder + "/keptn.db"
        try Self.create(path)
        do {
            pool = try DatabasePool(path: path, configuration: Self.configuration)
            try Schema.migrate(pool, path: path)
            writeAheadLog = try pool.writeWithoutTransaction { db in
                try Self.makeDurable(db)
                try db.inTransaction {
                    try Summaries.update(db)
                    return .commit
                }
                // A process that is killed again and again lives too briefly to finish a checkpoint beside its work;
                // now nobody reads or writes.
                try db.checkpoint(.truncate)
                return WriteAheadLog(of: db, path: path)
            }
            let head = try pool.read { try Int64.fetchOne($0, sql: "SELECT MAX(seq) FROM events") ?? 0 }
            recent = RecentEvents(head: Position(head))
        } catch {
            throw StoreFailure.translated(error, doing: "opening \(path)")
        }
        writer = GroupCommit(pool: pool, recent: recent)
    }

    /// Makes the file, for its owner only: SQLite would let everybody read it, and gives its write-ahead log the same
    /// mode. One that is there loses what others may do with it, unless it belongs to somebody else, who decides that.
    private static func create(_ path: String) throws {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw KeptnError(.unavailable, "\(path) cannot be opened: \(FileFailure.text(of: errno))")
        }
        defer { Glibc.close(descriptor) }
        guard fchmod(descriptor, 0o600) == 0 || errno == EPERM else {
            throw KeptnError(.unavailable, "the mode of \(path) cannot be set: \(FileFailure.text(of: errno))")
        }
        // Left by a process that was killed. By name: to close a file of SQLite's would drop locks on it.
        for name in ["\(path)-wal", "\(path)-shm"] {
            guard chmod(name, 0o600) == 0 || errno == ENOENT || errno == EPERM else {
                throw KeptnError(.unavailable, "the mode of \(name) cannot be set: \(FileFailure.text(of: errno))")
            }
        }
    }

    private static var configuration: GRDB.Configuration {
        var configuration = GRDB.Configuration()
        configuration.busyMode = .timeout(5)
        configuration.persistentReadOnlyConnections = true
        configuration.prepareDatabase { db in
            // 16 MB for a connection that needs them.
            try db.execute(sql: "PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY")
        }
        return configuration
    }

    /// `DatabasePool` lowers `synchronous` after it has prepared the connection. So we raise it afterwards and look
    /// whether it stayed.
    private static func makeDurable(_ db: Database) throws {
        try Durability.outlivesPower.set(db)
        let level = try Durability.level(of: db)
        guard level == Durability.outlivesPower.rawValue else {
            throw KeptnError(
                .internalFailure, "SQLite does not sync every commit: synchronous is \(level) and has to be 2 (FULL)")
        }
    }

    /// How the writer syncs now; 2 is FULL.
    package func synchronousLevel() async throws -> Int {
        try await pool.writeWithoutTransaction { try Durability.level(of: $0) }
    }

    /// Moves the write-ahead log into the database and gives the folder back. Nothing works afterwards.
    package func close() async throws {
        do {
            try await writer.summarize()
            try await pool.writeWithoutTransaction { _ = try $0.checkpoint(.passive) }
            try pool.close()
        } catch {
            throw StoreFailure.translated(error, doing: "closing the store")
        }
        lock.release()
    }

    /// Cheap counters since the start.
    package var statistics: StoreStatistics { writer.statistics }

    // MARK: - EventLog

    @discardableResult
    package func commit(_ transaction: Transaction) async throws -> [AppendReceipt] {
        try await writer.commit(.transaction(PreparedTransaction(transaction)))
    }

    package func deleteProject(_ project: String) async throws {
        try await writer.commit(.deletion(project: project))
    }

    package func head() async throws -> Position { recent.head }

    package func waitForEvents(
        after position: Position, matching isWanted: @escaping @Sendable (RecordedEvent) -> Bool
    ) async throws {
        try await recent.signal.wait(after: position, matching: isWanted)
    }

    package func events(after position: Position, limit: Int) async throws -> [RecordedEvent] {
        if let events = recent.events(after: position, limit: limit) { return events }
        return try await read("events behind \(position.value)") { db in
            let statement = try db.cachedStatement(
                sql: "SELECT seq, body FROM events WHERE seq > ? ORDER BY seq LIMIT ?")
            return try RecordedEvent.fetchAll(statement, [position.value, limit])
        }
    }

    // MARK: - SubscriptionStore

    package func progress(of subscription: String) async throws -> SubscriptionProgress? {
        try await read("the progress of \(subscription)") { db in
            let statement = try db.cachedStatement(sql: "SELECT position, open FROM subscriptions WHERE name = ?")
            guard let row = try Row.fetchOne(statement, arguments: [subscription]) else { return nil }
            let open = try JSON(parsing: row[1] as String).elements.map { element in
                guard let value = element.intValue else {
                    throw KeptnError(.internalFailure, "'\(element.text)' is no position")
                }
                return Position(Int64(value))
            }
            return SubscriptionProgress(subscription: subscription, position: Position(row[0]), open: open)
        }
    }

    package func events(at positions: [Position]) async throws -> [RecordedEvent] {
        guard !positions.isEmpty else { return [] }
        return try await read("events at given positions") { try Self.events(at: positions.map(\.value), $0) }
    }

    static func events(at positions: [Int64], _ db: Database) throws -> [RecordedEvent] {
        let statement = try db.cachedStatement(sql: "SELECT seq, body FROM events WHERE seq = ?")
        return try positions.flatMap { try RecordedEvent.fetchAll(statement, [$0]) }
    }

    func read<Value: Sendable>(
        _ what: @autoclosure () -> String, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        do {
            return try await pool.read(body)
        } catch {
            throw StoreFailure.translated(error, doing: "reading \(what())")
        }
    }

    /// Before anybody reads them the summaries have to come to the end of the log.
    func summarize() async throws { try await writer.summarize() }

    /// Writes what does not belong to the log, in a transaction of its own.
    func write<Value: Sendable>(
        _ what: @autoclosure () -> String, _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        do {
            return try await pool.write(body)
        } catch {
            throw StoreFailure.translated(error, doing: "storing \(what())")
        }
    }
}

/// Counters since the start of the process.
package struct StoreStatistics: Sendable, Hashable {
    /// SQLite transactions.
    package var commits = 0
    /// Those of them that were synced to the disk.
    package var syncs = 0
    /// Events that were new.
    package var events = 0
    /// Transactions that wait for the writer at this moment.
    package var queued = 0
}

extension RecordedEvent {
    /// The events of a statement that selects `seq` and `body`.
    static func fetchAll(_ statement: Statement, _ arguments: StatementArguments) throws -> [RecordedEvent] {
        var events: [RecordedEvent] = []
        let rows = try Row.fetchCursor(statement, arguments: arguments)
        while let row = try rows.next() { events.append(try RecordedEvent(position: row[0], body: row[1])) }
        return events
    }

    init(position: Int64, body: Data) throws {
        do {
            let event = try CloudEvent(structured: Array(body))
            self.init(position: Position(position), event: event, facts: EventFacts(of: event))
        } catch {
            throw KeptnError(.internalFailure, "the stored event at position \(position) cannot be read: \(error)")
        }
    }
}
