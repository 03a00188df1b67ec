import Core
import Glibc

/// What the kernel tells about processes, read from `/proc`.
enum ProcessTable {
    struct Entry: Sendable {
        let parent: pid_t
        let group: pid_t
        let startTicks: UInt64
        /// Ended, but not yet collected by its parent.
        let isZombie: Bool
    }

    static func entry(_ pid: pid_t) -> Entry? {
        guard let stat = text("/proc/\(pid)/stat") else { return nil }
        // The second field is the program's name in parentheses, which may hold anything (proc(5)).
        guard let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 19, let parent = pid_t(fields[1]), let group = pid_t(fields[2]),
            let ticks = UInt64(fields[19])
        else { return nil }
        return Entry(parent: parent, group: group, startTicks: ticks, isZombie: fields[0] == "Z" || fields[0] == "X")
    }

    static func isRunning(_ process: ProcessHandle) -> Bool {
        guard let entry = entry(process.pid) else { return false }
        return entry.startTicks == process.startTicks && !entry.isZombie
    }

    /// The running processes with this line in their environment that lead a group and whose parent does not have it
    /// too (such a one is the work of another process on the list).
    static func leaders(withEnvironment line: String) -> Set<ProcessHandle> {
        var marked: [pid_t: Entry] = [:]
        for pid in pids() where text("/proc/\(pid)/environ")?.split(separator: "\0").contains(Substring(line)) == true {
            marked[pid] = entry(pid)
        }
        var found: Set<ProcessHandle> = []
        for (pid, entry) in marked where entry.group == pid && !entry.isZombie && marked[entry.parent] == nil {
            found.insert(ProcessHandle(pid: pid, startTicks: entry.startTicks))
        }
        return found
    }

    private static func pids() -> [pid_t] {
        guard let folder = opendir("/proc") else { return [] }
        defer { closedir(folder) }
        var result: [pid_t] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let pid = pid_t(name) { result.append(pid) }
        }
        return result
    }

    /// Nil for what does not exist (any more) or belongs to somebody else.
    private static func text(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 8192)
        while true {
            let count = read(file, &buffer, buffer.count)
            if count < 0 { return nil }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer.prefix(count)
        }
    }
}
