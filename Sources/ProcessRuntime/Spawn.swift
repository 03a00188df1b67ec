import CLinuxProcess
import Glibc
import Ports

/// Starts a program by `posix_spawn`.
enum Spawn {
    /// The new process leads a group of its own, reads nothing, appends its output to the log file and inherits none of
    /// our descriptors: a listening socket that lives on in a child would keep our port taken after we ended.
    static func process(_ command: ProcessCommand, environment: [String]) throws(SystemError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        try check(posix_spawn_file_actions_init(&actions))
        defer { posix_spawn_file_actions_destroy(&actions) }
        let append = O_WRONLY | O_CREAT | O_APPEND
        try check(posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0))
        try check(posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, command.logFile, append, 0o644))
        try check(posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO))
        try check(posix_spawn_file_actions_addchdir_np(&actions, command.folder))
        try check(posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1))

        var attributes = posix_spawnattr_t()
        try check(posix_spawnattr_init(&attributes))
        defer { posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        sigemptyset(&noSignals)
        var allSignals = sigset_t()
        sigfillset(&allSignals)
        try check(posix_spawnattr_setsigmask(&attributes, &noSignals))
        try check(posix_spawnattr_setsigdefault(&attributes, &allSignals))
        try check(posix_spawnattr_setpgroup(&attributes, 0))
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        try check(posix_spawnattr_setflags(&attributes, Int16(flags)))

        var pid: pid_t = 0
        let result = withCStrings([command.program] + command.arguments) { arguments in
            withCStrings(environment) { environment in
                posix_spawnp(&pid, command.program, &actions, &attributes, arguments, environment)
            }
        }
        try check(result)
        return pid
    }

    private static func check(_ code: Int32) throws(SystemError) {
        if code != 0 { throw SystemError(code: code) }
    }

    /// Null-terminated strings in a null-terminated array, for the time of the call.
    private static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { copies.forEach { free($0) } }
        return (copies + [nil]).withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return withUnsafePointer(to: nil) { body($0) } }
            return body(base)
        }
    }
}

/// An `errno` value.
struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
    let code: Int32

    static var last: SystemError { SystemError(code: errno) }

    var description: String { String(cString: strerror(code)) }
}
