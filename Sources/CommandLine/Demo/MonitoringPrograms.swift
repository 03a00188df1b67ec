import FoundationEssentials
import Ports
import ProcessRuntime
import Subprocess

/// Prometheus and its Alertmanager as the demo runs them: real programs on ports of their own, with the example's
/// configuration.
struct MonitoringPrograms: Sendable {
    /// Names that are looked up in `PATH`.
    let prometheus: String
    let alertmanager: String
    let prometheusPort: Int
    let alertmanagerPort: Int
    private let ports = FreePorts()

    var prometheusURL: String { "http://127.0.0.1:\(prometheusPort)" }

    /// Throws `KeptnError.unavailable`, which names what to install.
    init() throws {
        // Debian gives Alertmanager a longer name.
        guard let prometheus = Self.firstInstalled("prometheus"),
            let alertmanager = Self.firstInstalled("prometheus-alertmanager", "alertmanager")
        else {
            throw KeptnError(
                .unavailable,
                "this demo needs Prometheus and its Alertmanager: apt-get install --no-install-recommends prometheus "
                    + "prometheus-alertmanager")
        }
        (self.prometheus, self.alertmanager) = (prometheus, alertmanager)
        prometheusPort = try ports.choose()
        alertmanagerPort = try ports.choose()
    }

    /// Runs both while the body works.
    ///
    /// - Parameters:
    ///   - example: The folder with `prometheus.yml` and `alertmanager.yml`.
    ///   - folder: For their configuration and their data; `prometheus` in it is what Keptn writes to.
    ///   - hook: The address to which alerts go, and the secret that it asks for.
    func run<Value: Sendable>(
        example: String, folder: String, hook: (url: String, token: String),
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try write(
            "alertmanager.yml", from: example, to: folder, [("HOOK", hook.url), ("TOKEN", hook.token)])
        try write(
            "prometheus.yml", from: example, to: folder,
            [("FOLDER", "\(folder)/prometheus"), ("ALERTMANAGER", "127.0.0.1:\(alertmanagerPort)")])
        let alertmanagerArguments = [
            "--config.file=\(folder)/alertmanager.yml", "--storage.path=\(folder)/alertmanager",
            "--web.listen-address=127.0.0.1:\(alertmanagerPort)", "--cluster.listen-address=",
        ]
        let prometheusArguments = [
            "--config.file=\(folder)/prometheus.yml", "--storage.tsdb.path=\(folder)/prometheus-data",
            "--web.listen-address=127.0.0.1:\(prometheusPort)", "--web.enable-lifecycle",
        ]
        return try await Self.running(alertmanager, alertmanagerArguments) {
            try await Self.running(prometheus, prometheusArguments) { try await body() }
        }
    }

    private func write(
        _ name: String, from example: String, to folder: String, _ values: [(key: String, value: String)]
    ) throws {
        let text = String(decoding: try InputFile.read("\(example)/\(name)"), as: UTF8.self)
        // The remarks explain the words that are replaced.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("#") }
        let filled = values.reduce(lines.joined(separator: "\n")) { text, value in
            text.split(separator: value.key, omittingEmptySubsequences: false).joined(separator: value.value)
        }
        guard FileManager.default.createFile(atPath: "\(folder)/\(name)", contents: Data(filled.utf8)) else {
            throw KeptnError(.unavailable, "\(folder)/\(name) cannot be written")
        }
    }

    private static func running<Value: Sendable>(
        _ program: String, _ arguments: [String], _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let result = try await Subprocess.run(
            .name(program), arguments: Arguments(arguments), input: .none, output: .discarded, error: .discarded
        ) { execution -> Swift.Result<Value, any Error> in
            let result: Swift.Result<Value, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            // It may have ended by itself.
            try? execution.send(signal: .terminate)
            return result
        }
        return try result.closureResult.get()
    }

    private static func firstInstalled(_ names: String...) -> String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return names.first { name in
            folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(name)") }
        }
    }
}
