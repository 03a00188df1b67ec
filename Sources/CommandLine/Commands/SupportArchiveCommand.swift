import ArgumentParser
import CloudEvents
import FoundationEssentials
import Ports
import RemoteClients

struct GenerateSupportArchiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "support-archive",
        abstract: "Write what somebody who helps wants to know into a ZIP file, without anything secret.",
        discussion: """
            Versions, projects, stages, services, states of sequences, integrations and their error log. Payloads of \
            events and files of projects are not in it; tokens, passwords and keys are blacked out.
            """)

    @OptionGroup var connection: ConnectionOptions
    @Option(help: "The folder for the file; it has to exist.") var dir = "."

    /// What is asked for, and the file that it goes into. Each may fail on its own.
    private static let reports = [
        (file: "metadata.json", path: "v1/metadata", query: [:]),
        (file: "projects.json", path: "controlPlane/v1/project", query: ["pageSize": "100"]),
        (file: "integrations.json", path: "controlPlane/v1/uniform/registration", query: [:]),
        (file: "logs.json", path: "controlPlane/v1/log", query: ["pageSize": "100"]),
        (file: "statistics.json", path: "statistics/v1/statistics", query: [:]),
    ]

    func run() async throws {
        let terminal = connection.terminal
        var isFolder = false
        guard FileManager.default.fileExists(atPath: dir, isDirectory: &isFolder), isFolder else {
            throw KeptnError(.invalidInput, "--dir \(dir): there is no such folder; make it first")
        }
        let now = SystemTime().now
        let file = "\(dir)/keptn-support-archive-\(now.milliseconds / 1000).zip"
        terminal.info("Generating support archive")
        let server = try connection.server()
        let redaction = Redaction(known: [server.token, server.login?.tokens.accessToken].compactMap { $0 })
        let archive = try await connection.withClient { client in
            var archive = ZipArchive()
            func add(_ name: String, _ json: JSON) {
                archive.add("keptn/\(name)", Array("\(redaction(json).pretty())\n".utf8))
            }
            var problems: [JSON] = []
            for report in Self.reports {
                do {
                    add(report.file, try await client.get(report.path, report.query))
                } catch let error as KeptnError {
                    problems.append(["report": .string(report.file), "error": .string(error.message)])
                }
            }
            var current = "sequences"
            do {
                for project in try await client.pages("controlPlane/v1/project", items: "projects") {
                    let name = project.text("projectName")
                    current = "sequences/\(name).json"
                    let path = "controlPlane/v1/sequence/\(client.segment(name))"
                    add(current, try await client.get(path, ["pageSize": "100"]))
                }
            } catch let error as KeptnError {
                problems.append(["report": .string(current), "error": .string(error.message)])
            }
            add(
                "client.json",
                [
                    "version": .string(Version.text), "endpoint": .string(client.endpoint),
                    "time": .string(now.rfc3339), "problems": .array(problems),
                ])
            return archive
        }
        do {
            try Data(archive.encoded).write(to: URL(filePath: file), options: .atomic)
        } catch {
            throw KeptnError(.unavailable, "\(file) cannot be written: \(FileFailure.reason(error))")
        }
        terminal.line("Support archive written to \(file)")
    }
}
