import FoundationEssentials
import Glibc
package import Logging
import NIOPosix
package import Ports
import Subprocess
import Synchronization
import SystemPackage

/// Apache JMeter as a child process, one for each test, in a folder of its own.
///
/// The results come through a pipe, as JMeter writes them. The process group is killed when the test is cancelled, and
/// by a watching shell when this server is gone, however it went.
package final class JMeterCommand: LoadTool {
    private static let program = "jmeter"
    /// Where a test's own files are, and where it runs: beside them are the logs.
    private static let filesFolder = "files"
    /// Of a log, in a message.
    private static let linesMax = 3

    /// Its standard input is a pipe that nobody writes to: it ends with this process. Results go to descriptor 4, which
    /// is this shell's standard output.
    private static let watched = """
        exec 3<&0 4>&1 </dev/null >../console.log 2>&1
        ( read -r line <&3; kill -KILL 0 ) 4>&- &
        watch=$!
        "$@" 3<&-
        code=$?
        kill "$watch" 2>/dev/null
        exit $code
        """

    /// What each result tells: see `JMeterResults`.
    private static let resultSettings = [
        "output_format": "csv", "print_field_names": "true", "timestamp_format": "ms", "autoflush": "true",
        "default_delimiter": ",", "time": "true", "label": "true", "response_code": "true",
        "response_message": "true", "thread_name": "true", "data_type": "true", "successful": "true",
        "assertion_results_failure_message": "true",
    ]

    private let path: String?
    private let folder: String
    private let ids: any IDSource
    private let logger: Logger
    private let needsPermissions = Mutex(false)

    /// - Parameters:
    ///   - path: Of the program; nil for `jmeter` on the `PATH`, or that of `JMETER_HOME`.
    ///   - folder: For the files of running tests. What an earlier server left there goes.
    package init(path: String?, folder: String, ids: any IDSource, logger: Logger) throws {
        self.path = path
        self.folder = folder
        self.ids = ids
        self.logger = logger
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasPrefix("run-") {
            try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
    }

    package func run(_ test: LoadToolTest, _ take: @Sendable ([UInt8]) async throws -> Void) async throws {
        let first = try await attempt(test, take)
        guard let problem = first else { return }
        // JMeter before 5.5 with an XStream of 1.4.18 or later, as in Debian 12, may not read its own scripts.
        guard problem.contains("ForbiddenClassException"), !needsPermissions.withLock({ $0 }) else {
            throw Self.failure(problem)
        }
        logger.notice(
            """
            this JMeter's XStream forbids JMeter's own classes (a bug of Debian's package): from now on it runs with \
            two classes of ours that allow them
            """)
        needsPermissions.withLock { $0 = true }
        if let problem = try await attempt(test, take) { throw Self.failure(problem) }
    }

    private static func failure(_ problem: String) -> KeptnError {
        KeptnError(.failedDependency, "JMeter has run nothing: \(problem)")
    }

    /// Nil when there were results; else what JMeter says of it. Throws when it ended before its test was over.
    private func attempt(
        _ test: LoadToolTest, _ take: @Sendable ([UInt8]) async throws -> Void
    ) async throws -> String? {
        let program = try program()
        let folder = "\(folder)/run-\(ids.newID())"
        // What cannot be removed now is removed at the next start.
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await NIOThreadPool.singleton.runIfActive { try Self.prepare(folder, test.files) }
        let count = Atomic(0)
        let end = try await start(program, test, in: folder) { piece in
            count.add(piece.count, ordering: .relaxed)
            try await take(piece)
        }
        let hasResults = count.load(ordering: .relaxed) > 0
        guard !hasResults || !end.isSuccess else { return nil }
        let complaint = try await NIOThreadPool.singleton.runIfActive { Self.complaint(in: folder) }
        guard hasResults else { return complaint }
        let how =
            switch end {
            case .exited(let code): "exit code \(code)"
            case .signaled(let signal): "signal \(signal)"
            }
        throw KeptnError(.failedDependency, "JMeter ended before its test was over, with \(how): \(complaint)")
    }

    @concurrent private func start(
        _ program: String, _ test: LoadToolTest, in folder: String,
        _ take: @Sendable ([UInt8]) async throws -> Void
    ) async throws -> TerminationStatus {
        var options = PlatformOptions()
        options.processGroupID = 0
        let settings = Self.resultSettings.map { ("jmeter.save.saveservice.\($0.key)", $0.value) }
        let given = (test.properties.map { ($0.key, $0.value) } + settings).sorted { $0.0 < $1.0 }
        let arguments =
            ["-c", Self.watched, "sh", program, "-n", "-t", test.plan, "-l", "/dev/fd/4", "-j", "../jmeter.log"]
            + given.map { "-J\($0)=\($1)" }
        let configuration = Subprocess.Configuration(
            executable: .name("sh"), arguments: Arguments(arguments),
            environment: .inherit.updating(try permissions()),
            workingDirectory: FilePath("\(folder)/\(Self.filesFolder)"),
            platformOptions: options)
        let ended = try await Subprocess.run(
            configuration, input: .inputWriter, output: .sequence, error: .discarded
        ) { execution in
            let group = execution.processIdentifier.value
            try await withTaskCancellationHandler {
                for try await piece in execution.standardOutput {
                    try await take(piece.withUnsafeBytes { Array($0) })
                }
            } onCancel: {
                // Whoever is in it: the shells and JMeter's Java.
                kill(-group, SIGKILL)
            }
            try await execution.standardInputWriter.finish()
        }
        try Task.checkCancellation()
        return ended.terminationStatus
    }

    private func permissions() throws -> [Environment.Key: String?] {
        guard needsPermissions.withLock({ $0 }) else { return [:] }
        try XStreamPermissions.write(to: "\(folder)/classes")
        return ["JAVA_TOOL_OPTIONS": "-Xbootclasspath/a:\(folder)/classes"]
    }

    /// Where JMeter is. Throws when it is nowhere.
    private func program() throws -> String {
        let environment = ProcessInfo.processInfo.environment
        var candidates = (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(Self.program)" }
        if let home = environment["JMETER_HOME"] { candidates.insert("\(home)/bin/\(Self.program)", at: 0) }
        if let path { candidates = [path] }
        guard let program = candidates.first(where: { access($0, X_OK) == 0 }) else {
            let place = path.map { "at \($0)" } ?? "on the PATH"
            throw KeptnError(
                .failedDependency,
                "a .jmx script needs Apache JMeter, and there is none \(place): install it (Debian: apt-get install "
                    + "jmeter jmeter-http), or name it with 'keptn server --jmeter PATH'; an HTTP plan (YAML) needs "
                    + "none")
        }
        return program
    }

    private static func prepare(_ folder: String, _ files: [String: [UInt8]]) throws {
        let root = "\(folder)/\(filesFolder)"
        try FileManager.default.createDirectory(
            atPath: root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        for (path, bytes) in files {
            let path = try RepositoryPath(path)
            if let parent = path.folders.last {
                try FileManager.default.createDirectory(
                    atPath: "\(root)/\(parent.text)", withIntermediateDirectories: true)
            }
            guard FileManager.default.createFile(atPath: "\(root)/\(path.text)", contents: Data(bytes)) else {
                throw KeptnError(.unavailable, "\(root)/\(path.text) cannot be written")
            }
        }
    }

    /// The lines that tell what went wrong, of what JMeter printed and logged.
    private static func complaint(in folder: String) -> String {
        let lines = ["console.log", "jmeter.log"].flatMap { name in
            let data = FileManager.default.contents(atPath: "\(folder)/\(name)") ?? Data()
            return String(decoding: data.suffix(256 << 10), as: UTF8.self).split(whereSeparator: \.isNewline)
        }
        let words = ["Error in NonGUIDriver", "ERROR", "Exception", "could not"]
        let telling = lines.filter { line in words.contains { line.contains($0) } }
        let shown = (telling.isEmpty ? lines.suffix(linesMax) : telling.prefix(linesMax)).map { $0.prefix(300) }
        return shown.isEmpty ? "it gave no reason" : shown.joined(separator: "; ")
    }
}
