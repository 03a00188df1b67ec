import CGit2
import CGitStream
import Glibc
import Ports

/// The library's state for the whole process, and its errors in our form.
enum LibGit2 {
    /// Commits and trees kept in memory, for all repositories together.
    private static let objectCacheBytesMax = 8 << 20

    /// Zero, or the first error: the library is started once and stays up until the process ends.
    private static let started: Int32 = {
        let count = git_libgit2_init()
        guard count > 0 else { return count }
        let preparations = [
            keptn_git_sync_writes(), keptn_git_ignore_outside_settings(), keptn_git_use_observed_sockets(),
        ]
        for error in preparations where error != 0 { return error }
        return keptn_git_limit_object_cache(objectCacheBytesMax)
    }()

    static func start() throws { try check(started, "starting libgit2") }

    /// Throws what the library says about a call that failed: `.unavailable` when the operating system refused it,
    /// else `.internalFailure`.
    static func check(_ code: Int32, _ what: @autoclosure () -> String) throws {
        guard code < 0 else { return }
        let cause = errno
        let error = git_error_last()?.pointee
        // Of a disk that is full the library says nothing.
        let isTheDisks = error == nil && [ENOSPC, EDQUOT, EROFS, EIO].contains(cause)
        let reason =
            error?.message.map { String(cString: $0) } ?? (isTheDisks ? FileFailure.text(of: cause) : "error \(code)")
        let isTheSystems = isTheDisks || error.map { $0.klass == GIT_ERROR_OS.rawValue } ?? false
        throw KeptnError(isTheSystems ? .unavailable : .internalFailure, "Git failed at \(what()): \(reason)")
    }

    /// The object that a call hands out; nil when the library says that there is none.
    static func find(
        _ what: @autoclosure () -> String, _ call: (UnsafeMutablePointer<OpaquePointer?>) -> Int32
    ) throws -> OpaquePointer? {
        var pointer: OpaquePointer?
        let code = call(&pointer)
        if code == GIT_ENOTFOUND.rawValue { return nil }
        try check(code, what())
        return pointer
    }

    /// The object that a call hands out.
    static func make(
        _ what: @autoclosure () -> String, _ call: (UnsafeMutablePointer<OpaquePointer?>) -> Int32
    ) throws -> OpaquePointer {
        guard let pointer = try find(what(), call) else {
            throw KeptnError(.internalFailure, "Git failed at \(what()): an object is missing")
        }
        return pointer
    }
}

/// A commit, tree or blob of the library's; freed with this value.
struct GitObject: ~Copyable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { git_object_free(pointer) }

    var id: git_oid { git_object_id(pointer).pointee }
}

extension git_oid {
    /// Nil unless the text is a whole id: 40 hexadecimal digits.
    init?(hex: String) {
        self.init()
        guard hex.utf8.count == GIT_OID_HEXSZ, git_oid_fromstr(&self, hex) == 0 else { return nil }
    }

    var hex: String {
        var id = self
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(GIT_OID_HEXSZ)) { buffer in
            git_oid_fmt(buffer.baseAddress, &id)
            return String(decoding: buffer.lazy.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
    }
}
