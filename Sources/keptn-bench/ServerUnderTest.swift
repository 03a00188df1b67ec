import CloudEvents
import FoundationEssentials
import Ports
import Subprocess
import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// A `keptn server` as a child process on a folder of its own, and what Linux says of it.
struct ServerUnderTest {
    let endpoint: String
    let token: String
    let processID: Int32
    /// From the start of the process until it answered `/readyz`.
    let readyAfter: Duration

    /// The program that is measured: beside this one, unless said otherwise.
    static func program(_ given: String?) -> FilePath {
        given.map { FilePath($0) } ?? own.removingLastComponent().appending("keptn")
    }

    /// This program.
    static var own: FilePath {
        FilePath(
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
                ?? CommandLine.arguments[0])
    }

    /// Starts a server, waits until it is ready, and ends it as the body says when the body is done.
    static func run<Value: Sendable>(
        program: FilePath, home: String, port: Int = 0, arguments: [String] = [],
        _ body: @Sendable @escaping (ServerUnderTest) async throws -> (value: Value, end: Signal)
    ) async throws -> Value {
        let endpointFile = "\(home)/endpoint"
        try? FileManager.default.removeItem(atPath: endpointFile)
        let log = try FileDescriptor.open(
            FilePath("\(home)/server.log"), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
        let clock = ContinuousClock()
        let start = clock.now
        return try await Subprocess.run(
            .path(program),
            arguments: Arguments(["server", "--home", home, "--listen", "127.0.0.1:\(port)"] + arguments),
            input: .none, output: .fileDescriptor(log, closeAfterSpawningProcess: false),
            error: .fileDescriptor(log, closeAfterSpawningProcess: true)
        ) { execution in
            var end = Signal.kill
            defer { try? execution.send(signal: end) }
            let endpoint = try await read(endpointFile, until: start + .seconds(60))
            let token = try await read("\(home)/token", until: start + .seconds(60))
            let server = ServerUnderTest(
                endpoint: endpoint, token: token, processID: Int32(execution.processIdentifier.value),
                readyAfter: clock.now - start)
            let result = try await body(server)
            end = result.end
            return result.value
        }.closureResult
    }

    private static func read(_ path: String, until deadline: ContinuousClock.Instant) async throws -> String {
        while ContinuousClock.now < deadline {
            if let data = FileManager.default.contents(atPath: path), let last = data.last, last == UInt8(ascii: "\n") {
                return String(decoding: data.dropLast(), as: UTF8.self)
            }
            try await ContinuousClock().sleep(for: .milliseconds(1))
        }
        throw DeadlineExceeded(what: "waiting for \(path)", after: .seconds(60))
    }

    /// User and system time of the process so far.
    var cpuMilliseconds: Double {
        guard let stat = Self.procFile("\(processID)/stat"), let afterName = stat.lastIndex(of: ")") else {
            return .nan
        }
        let fields = stat[stat.index(after: afterName)...].split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return .nan }
        return (user + system) * 1000 / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Resident memory, now and at its highest, in MB.
    var residentMegabytes: (now: Double, peak: Double) {
        let lines = Self.procFile("\(processID)/status")?.split(separator: "\n") ?? []
        func value(_ name: String) -> Double {
            let line = lines.first { $0.hasPrefix(name) }?.split(separator: " ").dropLast().last
            return line.flatMap { Double($0.filter { $0 != "\t" }) }.map { $0 / 1024 } ?? .nan
        }
        return (value("VmRSS:"), value("VmHWM:"))
    }

    static func procFile(_ path: String) -> String? {
        FileManager.default.contents(atPath: "/proc/\(path)").map { String(decoding: $0, as: UTF8.self) }
    }
}

/// A folder that is there as long as the body runs.
func withTemporaryFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let folder = FileManager.default.temporaryDirectory.path + "/keptn-bench-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}

/// What a figure has to be read with.
enum Conditions {
    static var json: JSON {
        let model = ServerUnderTest.procFile("cpuinfo")?.split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last.map { String($0.drop { $0 == " " }) }
        let load = ServerUnderTest.procFile("loadavg")?.split(separator: " ").first.map(String.init)
        return [
            "cpus": .integer(ProcessInfo.processInfo.activeProcessorCount), "cpu": model.map { .string($0) },
            "loadBefore": load.map { .string($0) },
        ]
    }
}
