import Foundation
import Ports
import ProcessRuntime
import Testing

/// A real Prometheus on loopback for one test, with exactly the samples that the test gives it.
package struct PrometheusServer: Sendable {
    private static let program = "/usr/bin/prometheus"
    private static let tool = "/usr/bin/promtool"
    /// Whether it is installed; `scripts/install-dependencies --tests` brings it.
    package static let isThere = [program, tool].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }

    /// Of the secured one.
    package static let (user, password) = ("keptn", "right password")
    /// By bcrypt, as Prometheus wants it.
    private static let hash = "$2y$05$abcdefghijklmnopqrstuuChQd15jl6x5/jaJ9KDukc2t1X7oMLPa"

    package let url: String
    /// Of the secured one.
    package let certificate: String

    /// - Parameters:
    ///   - openMetrics: The samples in the OpenMetrics text format, with times, without the last line.
    ///   - isSecured: Behind TLS with a certificate of its own, and a password.
    ///   - rules: The pattern of files with rules, which it reads again when it is told.
    package static func with(
        _ openMetrics: String, isSecured: Bool = false, rules: String? = nil,
        _ body: (PrometheusServer) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            try write("\(folder)/samples", openMetrics + "# EOF\n")
            try await output(
                of: tool, ["tsdb", "create-blocks-from", "openmetrics", "\(folder)/samples", "\(folder)/data"])
            let ruleFiles = rules.map { "rule_files: ['\($0)']\n" } ?? ""
            try write("\(folder)/config.yml", "scrape_configs: []\n" + ruleFiles)
            var certificate = ""
            var arguments = [
                "--config.file=\(folder)/config.yml", "--storage.tsdb.path=\(folder)/data",
                "--storage.tsdb.retention.time=100y", "--log.level=warn", "--web.enable-lifecycle",
            ]
            if isSecured {
                certificate = try await secure(folder)
                arguments.append("--web.config.file=\(folder)/web.yml")
            }
            let processes = LocalProcesses(name: folder, time: MachineTime())
            let port = try await processes.freePort()
            let process = try await processes.start(
                ProcessCommand(
                    program: program, arguments: arguments + ["--web.listen-address=127.0.0.1:\(port)"],
                    environment: [:], folder: folder, logFile: "\(folder)/log"))
            let result: Result<Void, any Error>
            do {
                try await eventually("Prometheus answers") {
                    if isSecured { return listens(port) }
                    return await HTTPHealthProbe().problem(
                        at: Endpoint(port: port), path: "/-/ready", timeout: .seconds(2)) == nil
                }
                let url = "\(isSecured ? "https" : "http")://localhost:\(port)"
                result = .success(try await body(PrometheusServer(url: url, certificate: certificate)))
            } catch {
                result = .failure(error)
            }
            await processes.stop(process, grace: .zero)
            try result.get()
        }
    }

    private static func secure(_ folder: String) async throws -> String {
        try await output(
            of: "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                "-keyout", "\(folder)/key.pem", "-out", "\(folder)/cert.pem",
            ])
        try write(
            "\(folder)/web.yml",
            """
            tls_server_config: {cert_file: \(folder)/cert.pem, key_file: \(folder)/key.pem}
            basic_auth_users: {\(user): "\(hash)"}
            """)
        return try String(contentsOfFile: "\(folder)/cert.pem", encoding: .utf8)
    }

    private static func write(_ path: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
    }
}
