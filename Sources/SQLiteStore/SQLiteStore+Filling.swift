package import CloudEvents
import GRDB
package import Logging
import Ports

extension SQLiteStore {
    private static let runsACommit = 2000

    /// Fills the new store of a folder with a history as it grows in months, for measurements: indexes and summaries
    /// are made at the end, and nothing is synced. A process that dies meanwhile leaves nothing of use.
    /// - Parameter run: all events of one more context, the first one first; nil at the end. No two events have the
    ///   same id.
    package static func fill(
        folder: String, logger: Logger, with run: @escaping @Sendable (_ number: Int) throws -> [CloudEvent]?
    ) async throws {
        let store = try await open(folder: folder, logger: logger)
        do {
            try await store.pool.writeWithoutTransaction { try fill($0, with: run) }
        } catch {
            throw StoreFailure.translated(error, doing: "filling \(folder)")
        }
        try await store.close()
    }

    private static func fill(_ db: Database, with run: (_ number: Int) throws -> [CloudEvent]?) throws {
        // Indexes are sorted in files: of millions of rows they are larger than the memory.
        try db.execute(sql: "PRAGMA synchronous = OFF; PRAGMA temp_store = FILE; PRAGMA cache_size = -262144")
        let indexes = try Row.fetchAll(
            db,
            sql: "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'events' AND sql IS NOT NULL"
        ).map { (name: $0[0] as String, sql: $0[1] as String) }
        for index in indexes { try db.execute(sql: "DROP INDEX \(index.name)") }
        var (number, position, isOver) = (0, Int64(0), false)
        while !isOver {
            try db.inTransaction {
                let insert = try db.cachedStatement(sql: ChangeWriter.insertion(isRoot: "?"))
                for _ in 0..<runsACommit {
                    guard let events = try run(number) else {
                        isOver = true
                        break
                    }
                    number += 1
                    for (index, event) in events.enumerated() {
                        position += 1
                        let row = ChangeWriter.row(try StorableEvent(event), at: position)
                        try insert.execute(arguments: row + [index == 0])
                    }
                }
                return .commit
            }
            try db.checkpoint(.passive)
        }
        for index in indexes {
            try db.execute(sql: index.sql)
            try db.checkpoint(.passive)
        }
        try db.inTransaction {
            try Summaries.update(db)
            return .commit
        }
        try db.checkpoint(.truncate)
    }
}
