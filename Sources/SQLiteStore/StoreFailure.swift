import GRDB
import Ports

/// Errors of SQLite in the words of the system.
enum StoreFailure {
    /// Everything that is not SQLite's comes back as it was.
    static func translated(_ error: any Error, doing what: @autoclosure () -> String) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        let code: KeptnError.Code =
            switch error.resultCode {
            case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_NOMEM,
                .SQLITE_READONLY, .SQLITE_PERM:
                .unavailable
            default: .internalFailure
            }
        // Arguments and SQL stay out of it: they may hold what users sent.
        return KeptnError(code, "\(what()): \(error.message ?? "SQLite error") (\(error.extendedResultCode))")
    }
}
