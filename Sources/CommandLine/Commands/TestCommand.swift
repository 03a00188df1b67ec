import ArgumentParser
import Assembly
import CloudEvents
import Core
import FoundationEssentials
import KeptnModel
import Ports
import Subprocess
import SystemPackage

/// Checks of what others have built.
struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Check what works together with Keptn.",
        subcommands: [TestIntegrationCommand.self])
}

struct TestIntegrationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "integration",
        abstract: "Put an integration through its duties: one .started and .finished a task, whatever happens.",
        discussion: """
            Plays a Keptn on a temporary folder, with a sequence of the one task, and shows what the integration did \
            with each. An integration that asks for its events needs the address and the token that are printed; one \
            that listens is given as URL, and sends its events where its distributor would take them. A program after \
            '--' is started with both in KEPTN_ENDPOINT and KEPTN_API_TOKEN, and ended at the end. Exits with 1 when a \
            duty is not met, and with 130 after Ctrl-C.

              keptn test integration --task notify -- python3 examples/python/integration.py
              keptn test integration http://127.0.0.1:8080/ --task deployment --data payload.json
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var format: OutputOptions
    @Argument(help: "Where the integration listens for events; without it, it asks for them.") var url: String?
    @Option(help: "The task that it carries out.") var task: String
    @Option(help: "A JSON file with what the data of the task holds, besides project, stage and service.")
    var data: String?
    @Option(help: "Where Keptn is played; port 0 takes a free one.") var listen = "127.0.0.1:0"
    @Option(help: "The port at which the events of an integration with a URL are taken, at /event; 0 takes a free one.")
    var answersPort = 8081
    @Option(help: "How long the integration may take to connect, and for each answer.") var wait = "30s"
    @Argument(parsing: .postTerminator, help: "A program to start.") var program: [String] = []

    func validate() throws {
        guard EventType("\(EventType.prefix)\(task).triggered") == .task(name: task, kind: .triggered) else {
            throw ValidationError("--task \(task): the name of one task is needed, such as deployment")
        }
        if let url, !url.hasPrefix("http://"), !url.hasPrefix("https://") {
            throw ValidationError("'\(url)': an address such as http://127.0.0.1:8080/ is needed")
        }
    }

    func run() async throws {
        let terminal = global.terminal
        let payload = try data.map(Self.payload) ?? .emptyObject
        let patience = try ServerCommand.duration(wait, "--wait")
        let folder = FileManager.default.temporaryDirectory.path + "/keptn-test-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var configuration = ServerConfiguration(home: folder)
        (configuration.host, configuration.port) = try ServerCommand.address(listen)
        configuration.version = Version.text
        configuration.log = .file("\(folder)/server.log")
        let findings: [ConformanceFinding] = try await CheckBench.run(configuration, sidecar: sidecar) { bench in
            try await check(bench, payload, patience, terminal)
        }
        terminal.progress(nil)
        show(findings, on: terminal)
        if findings.contains(where: \.isViolation) { throw ExitCode(1) }
    }

    private func check(
        _ bench: CheckBench, _ payload: JSON, _ patience: Duration, _ terminal: Terminal
    ) async throws -> [ConformanceFinding] {
        // Data alone goes to standard output.
        terminal.error("Keptn is played at \(bench.server.apiURL), token \(bench.server.token)")
        if let answers = bench.answersURL { terminal.error("Events of the integration are taken at \(answers)") }
        let check = IntegrationCheck(bench, task: task, data: payload, patience: patience)
        return try await withProgram(bench) { try await check.run { terminal.progress($0.rawValue) } }
    }

    private var sidecar: (@Sendable (String, String) throws -> SidecarSettings)? {
        guard let url else { return nil }
        return { [task, answersPort] endpoint, token in
            var settings = try SidecarSettings(environment: [
                "KEPTN_API_ENDPOINT": endpoint, "KEPTN_API_TOKEN": token, "K8S_DEPLOYMENT_NAME": "checked",
                "PUBSUB_TOPIC": EventType.task(name: task, kind: .triggered).text,
                "API_PROXY_PORT": String(answersPort), "API_PROXY_MAX_PAYLOAD_BYTES_KB": "1024",
            ])
            settings.recipient = url
            return settings
        }
    }

    private static func payload(_ file: String) throws -> JSON {
        do {
            let json = try JSON(parsing: InputFile.read(file))
            guard json.kind == .object else {
                throw KeptnError(.invalidInput, "\(file): a JSON object is needed")
            }
            return json
        } catch let error as JSONError {
            throw KeptnError(.invalidInput, "\(file) is not JSON: \(error)")
        }
    }

    /// Runs the program, if there is one, as long as the body.
    private func withProgram<Value: Sendable>(
        _ bench: CheckBench, _ body: @Sendable @escaping () async throws -> Value
    ) async throws -> Value {
        guard let name = program.first else { return try await body() }
        var environment: [Environment.Key: String?] = [
            "KEPTN_ENDPOINT": bench.server.apiURL, "KEPTN_API_TOKEN": bench.server.token,
        ]
        environment["KEPTN_ANSWERS"] = bench.answersURL
        let teardown = [TeardownStep.gracefulShutDown(allowedDurationToNextStep: .seconds(5))]
        var options = PlatformOptions()
        options.teardownSequence = teardown
        return try await Subprocess.run(
            name.contains("/") ? .path(.init(name)) : .name(name), arguments: Arguments(Array(program.dropFirst())),
            environment: .inherit.updating(environment), platformOptions: options, input: .none,
            output: .fileDescriptor(.standardError, closeAfterSpawningProcess: false),
            error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
        ) { execution in
            do {
                let value = try await body()
                await execution.teardown(using: teardown)
                return value
            } catch {
                await execution.teardown(using: teardown)
                throw error
            }
        }.closureResult
    }

    private func show(_ findings: [ConformanceFinding], on terminal: Terminal) {
        let rows = findings.map { finding -> (verdict: String, reason: String) in
            switch finding.verdict {
            case .met: ("ok", "")
            case .violated(let reason): ("failed", reason)
            case .untested(let reason): ("untested", reason)
            }
        }
        let isGood = !findings.contains(where: \.isViolation)
        let list = zip(findings, rows).map { finding, row -> JSON in
            [
                "case": .string(finding.test.rawValue), "duty": .string(finding.duty.rawValue),
                "verdict": .string(row.verdict), "reason": row.reason.isEmpty ? nil : .string(row.reason),
            ]
        }
        let report: JSON = ["task": .string(task), "passed": .bool(isGood), "findings": .array(list)]
        format.print(report, on: terminal) {
            let table = Table(
                header: ["CASE", "DUTY", "VERDICT", "REASON"],
                rows: zip(findings, rows).map {
                    [$0.test.rawValue, $0.duty.rawValue, Paint.of($1.verdict)($1.verdict, terminal), $1.reason]
                })
            return table.lines() + [
                isGood ? "The integration meets its duties." : "The integration does not meet its duties."
            ]
        }
    }
}
