import CLinuxProcess
package import Core
import Dispatch
import FoundationEssentials
import Glibc
import NIOPosix
package import Ports
import Synchronization

/// Processes of this machine. Each leads a group of its own and outlives us; it carries our name in its environment
/// (`KEPTN_RUNNER`), by which we find it again.
///
/// The end of a process is told by the kernel through a pidfd, for children and adopted processes alike.
package final class LocalProcesses: ProcessRunner {
    private struct State {
        var watches: [ProcessHandle: Watch] = [:]
        /// How our children ended, newest last; for those who ask later.
        var exits: [(process: ProcessHandle, exit: ProcessExit)] = []
    }

    private struct Watch {
        let source: any DispatchSourceRead
        var waiters: [Int: CheckedContinuation<ProcessExit?, Never>] = [:]
        var nextWaiter = 0
    }

    private static let exitsKept = 256
    /// After SIGKILL only a process in an uninterruptible system call goes on; we do not wait for it for ever.
    private static let killTime = Duration.seconds(10)

    private let name: String
    private let time: any TimeSource
    private let state = Mutex(State())
    private let ports = FreePorts()
    private let queue = DispatchQueue(label: "keptn.processes")

    /// - Parameter name: The same after a restart, and no other runner's on this machine: the data folder's path.
    package init(name: String, time: any TimeSource) {
        self.name = name
        self.time = time
    }

    package func start(_ command: ProcessCommand) async throws -> ProcessHandle {
        var command = command
        if command.program.contains("/"), !command.program.hasPrefix("/") {
            command.program = "\(command.folder)/\(command.program)"
        }
        let toStart = command
        return try await NIOThreadPool.singleton.runIfActive { [self] in
            try FileManager.default.createDirectory(
                atPath: DurableFile.folder(of: toStart.logFile), withIntermediateDirectories: true)
            do {
                let pid = try Spawn.process(toStart, environment: environment(of: toStart))
                // Nobody but us collects a child, so its entry is there even when it has ended already.
                let ticks = ProcessTable.entry(pid)?.startTicks ?? 0
                let process = ProcessHandle(pid: pid, startTicks: ticks)
                try watch(process)
                return process
            } catch let error as SystemError {
                throw KeptnError(.invalidInput, "'\(toStart.program)' cannot be started: \(error)")
            }
        }
    }

    package func isRunning(_ process: ProcessHandle) async -> Bool { ProcessTable.isRunning(process) }

    package func running() async -> Set<ProcessHandle> {
        do {
            return try await NIOThreadPool.singleton.runIfActive { [self] in
                ProcessTable.leaders(withEnvironment: mark)
            }
        } catch {
            // The pool only refuses when the whole program ends.
            return []
        }
    }

    package func exited(_ process: ProcessHandle) async throws -> ProcessExit {
        do {
            try watch(process)
        } catch {
            return recordedExit(of: process)
        }
        let number = state.withLock { state -> Int? in
            state.watches[process]?.nextWaiter += 1
            return state.watches[process]?.nextWaiter
        }
        guard let number else { return recordedExit(of: process) }
        let exit = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<ProcessExit?, Never>) in
                let isWaiting = state.withLock { state in
                    guard !Task.isCancelled, state.watches[process] != nil else { return false }
                    state.watches[process]?.waiters[number] = continuation
                    return true
                }
                if !isWaiting {
                    continuation.resume(returning: Task.isCancelled ? nil : recordedExit(of: process))
                }
            }
        } onCancel: {
            state.withLock { $0.watches[process]?.waiters.removeValue(forKey: number) }?.resume(returning: nil)
        }
        guard let exit else { throw CancellationError() }
        return exit
    }

    package func stop(_ process: ProcessHandle, grace: Duration) async {
        for (signal, patience) in [(SIGTERM, grace), (SIGKILL, Self.killTime)] {
            guard ProcessTable.isRunning(process) else { return }
            kill(-process.pid, signal)
            do {
                _ = try await time.withDeadline(patience, "process \(process.pid)") { try await self.exited(process) }
                return
            } catch {
                // Too slow, or we are cancelled: on to the harder signal.
                continue
            }
        }
    }

    package func freePort() async throws -> Int { try ports.choose() }
    package func isFree(_ port: Int) async -> Bool { FreePorts.isFree(port) }

    package func lastLines(of logFile: String, max: Int) async -> [String] {
        do {
            return try await NIOThreadPool.singleton.runIfActive { try LogFile.lastLines(of: logFile, max: max) }
        } catch {
            return []
        }
    }
}

// MARK: - Watching

extension LocalProcesses {
    /// Makes sure that we hear of the process's end. Throws when there is no such process (any more).
    private func watch(_ process: ProcessHandle) throws(SystemError) {
        guard state.withLock({ $0.watches[process] == nil }) else { return }
        let descriptor = pidfd_open(process.pid, 0)
        guard descriptor >= 0 else { throw SystemError.last }
        // Only now, with the descriptor in hand, is it certain that the id was not given to another process since.
        guard let entry = ProcessTable.entry(process.pid), entry.startTicks == process.startTicks else {
            close(descriptor)
            throw SystemError(code: ESRCH)
        }
        state.withLock { state in
            guard state.watches[process] == nil else {
                close(descriptor)
                return
            }
            let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
            source.setEventHandler { [weak self] in self?.ended(process) }
            source.setCancelHandler { close(descriptor) }
            state.watches[process] = Watch(source: source)
            source.activate()
        }
    }

    /// What the process left behind in its group ends with it. Then the child is collected, and all who wait are told.
    private func ended(_ process: ProcessHandle) {
        kill(-process.pid, SIGKILL)
        var status: Int32 = 0
        let isChild = waitpid(process.pid, &status, WNOHANG) == process.pid
        let signal = status & 0x7F
        let exit: ProcessExit =
            !isChild ? .gone : signal == 0 ? .exited(code: (status >> 8) & 0xFF) : .killed(signal: signal)
        let waiters = state.withLock { state in
            state.exits = Array((state.exits + [(process, exit)]).suffix(Self.exitsKept))
            guard let watch = state.watches.removeValue(forKey: process) else {
                return [CheckedContinuation<ProcessExit?, Never>]()
            }
            watch.source.cancel()
            return Array(watch.waiters.values)
        }
        for waiter in waiters { waiter.resume(returning: exit) }
    }

    private func recordedExit(of process: ProcessHandle) -> ProcessExit {
        state.withLock { $0.exits.last { $0.process == process }?.exit } ?? .gone
    }
}

// MARK: - Surroundings

extension LocalProcesses {
    private static let inherited = ["PATH", "HOME", "LANG", "TZ"]

    private var mark: String { "KEPTN_RUNNER=\(name)" }

    private func environment(of command: ProcessCommand) -> [String] {
        let ours = ProcessInfo.processInfo.environment
        var variables = command.environment
        for name in Self.inherited where variables[name] == nil { variables[name] = ours[name] }
        return variables.map { "\($0)=\($1)" }.sorted() + [mark]
    }
}

/// The output of a process.
enum LogFile {
    private static let bytesRead = 64 << 10
    private static let lineLengthMax = 500

    static func lastLines(of path: String, max: Int) throws -> [String] {
        let file = try FileHandleReader(path)
        let bytes = try file.suffix(bytesRead)
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
        return lines.suffix(max).map { String($0.prefix(lineLengthMax)) }
    }
}

/// A file that is open for reading.
private struct FileHandleReader: ~Copyable {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError.last }
    }

    deinit { close(descriptor) }

    func suffix(_ count: Int) throws -> [UInt8] {
        let size = lseek(descriptor, 0, SEEK_END)
        guard size >= 0 else { throw SystemError.last }
        var bytes = [UInt8](repeating: 0, count: min(count, Int(size)))
        let length = bytes.count
        let read = pread(descriptor, &bytes, length, size - length)
        guard read >= 0 else { throw SystemError.last }
        return Array(bytes.prefix(read))
    }
}
