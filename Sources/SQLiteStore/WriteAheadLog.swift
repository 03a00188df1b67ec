import Dispatch
import GRDB
import GRDBSQLite
import Logging
import Ports
import Synchronization

/// How much stands in the write-ahead log. Replaces SQLite's own checkpoints, which would come in the middle of a
/// commit and make that one ten times slower.
package final class WriteAheadLog: Sendable {
    /// At 4 KiB a page 64 MiB: the rarer a checkpoint, the fewer commits wait for its sync, and the more of the pages
    /// that were written again and again it moves once.
    package static let pagesMax: Int64 = 16384
    /// What the writer may move itself without being held up noticeably.
    static let pagesLeftMax = 128

    let path: String
    /// Pages written since the start.
    let written = PositionSignal()
    /// Pages in the log; falls when SQLite begins it anew.
    private let length = Mutex<Int64>(0)

    init(of db: Database, path: String) {
        self.path = path
        let context = Unmanaged.passUnretained(self).toOpaque()
        // A connection has one hook of this kind; SQLite's automatic checkpoint is its usual one.
        sqlite3_wal_hook(
            db.sqliteConnection,
            { context, _, _, pages in
                if let context {
                    Unmanaged<WriteAheadLog>.fromOpaque(context).takeUnretainedValue().note(length: Int64(pages))
                }
                return SQLITE_OK
            }, context)
    }

    private func note(length new: Int64) {
        let added = length.withLock { old in
            defer { old = new }
            return new >= old ? new - old : new
        }
        written.advance(to: Position(written.position.value + added))
    }
}

extension SQLiteStore {
    /// Moves the write-ahead log into the database whenever it has grown by so many pages, until cancelled. Works
    /// beside the writer, by a connection of its own; the writer only moves the last few pages, as the log can begin
    /// anew only when nothing is left in it.
    package func runCheckpoints(every pagesMax: Int64 = WriteAheadLog.pagesMax) async throws {
        let connection = try await checkpointConnection()
        var done = Position.start
        while true {
            try await writeAheadLog.written.wait(for: Position(done.value + pagesMax))
            done = writeAheadLog.written.position
            do {
                try await checkpoint(connection)
            } catch {
                try Task.checkCancellation()
                logger.warning("the write-ahead log grows on", metadata: ["error.message": "\(error)"])
            }
        }
    }

    private func checkpoint(_ connection: DatabaseQueue) async throws {
        for _ in 0..<4 {
            let pages = try await connection.writeWithoutTransaction { try $0.checkpoint(.passive) }
            if pages.walFrameCount - pages.checkpointedFrameCount <= WriteAheadLog.pagesLeftMax { break }
        }
        // SQLite syncs the database only when all of the log is in it, which only the writer can reach: it would sync
        // thousands of pages while everybody waits.
        try await connection.writeWithoutTransaction { try $0.syncFile() }
        try await pool.writeWithoutTransaction { _ = try $0.checkpoint(.passive) }
    }

    private func checkpointConnection() async throws -> DatabaseQueue {
        let path = writeAheadLog.path
        return try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result {
                        var configuration = GRDB.Configuration()
                        configuration.busyMode = .timeout(5)
                        let connection = try DatabaseQueue(path: path, configuration: configuration)
                        try connection.writeWithoutTransaction { db in
                            // The database has to be on the disk before SQLite writes over the log.
                            try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0")
                        }
                        return connection
                    })
            }
        }
    }
}

extension Database {
    /// Has everything that was written to the database's file so far on the disk.
    fileprivate func syncFile() throws {
        var file: UnsafeMutablePointer<sqlite3_file>?
        var code = sqlite3_file_control(sqliteConnection, "main", SQLITE_FCNTL_FILE_POINTER, &file)
        if code == SQLITE_OK, let file, let sync = file.pointee.pMethods?.pointee.xSync {
            code = sync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY)
        }
        guard code == SQLITE_OK else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    }
}
