import GRDB

/// What a commit of a connection in WAL mode outlives; the levels of `PRAGMA synchronous`
/// (https://www.sqlite.org/pragma.html#pragma_synchronous).
enum Durability: Int {
    /// NORMAL: it is with the operating system. A power failure may take the last commits, never one before them.
    case outlivesProcess = 1
    /// FULL: it is on the disk.
    case outlivesPower = 2

    /// Only outside of a transaction.
    func set(_ db: Database) throws { try db.execute(sql: "PRAGMA synchronous = \(rawValue)") }

    static func level(of db: Database) throws -> Int { try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? -1 }
}
