import ArgumentParser
import CloudEvents
import FoundationEssentials
import KeptnModel
import Ports
import RemoteClients

struct GetStatisticsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statistics",
        abstract: "Show how often, how fast and how safely is delivered: the four DORA figures.",
        discussion: "docs/statistics.md says what each figure is.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var output: OutputOptions
    @Option(name: [.short, .long], help: "Only this project.") var project: String?
    @Option(name: [.short, .long], help: "Only this stage.") var stage: String?
    @Option(help: "Only this service.") var service: String?
    @Option(help: "The time until now that counts, such as 168h.") var last = "720h"

    func run() async throws {
        guard let span = Duration(go: last), span > .zero else {
            throw KeptnError(.invalidInput, "--last \(last): a duration such as 168h is needed")
        }
        let now = Int64(Date().timeIntervalSince1970.rounded(.up))
        let query = [
            "project": project, "stage": stage, "service": service, "to": "\(now)",
            "from": "\(now - span.components.seconds)",
        ]
        let place = Place(project: project, stage: stage, service: service)
        let answer = try await connection.withClient(at: place) { client in
            try await client.get("statistics/v1/dora", query.compactMapValues(\.self))
        }
        let figures = answer["figures"] ?? []
        output.print(figures, on: connection.terminal, empty: "Nothing was deployed") {
            Table(
                header: [
                    "PROJECT", "STAGE", "SERVICE", "DEPLOYMENTS", "PER DAY", "LEAD TIME", "FAILED", "TIME TO RESTORE",
                ],
                rows: figures.elements.map(Self.row))
        }
    }

    private static func row(_ figures: JSON) -> [String] {
        func number(_ name: String) -> Double? { figures[name]?.doubleValue }
        func time(_ name: String) -> String { number(name).map { Duration.seconds($0.rounded()).go } ?? "-" }
        let perDay = ((number("deploymentsPerDay") ?? 0) * 100).rounded() / 100
        let failed = number("changeFailureRate").map { "\(Int(($0 * 100).rounded())) %" } ?? "-"
        return ["project", "stage", "service"].map { figures.text($0) } + [
            "\(figures["deployments"]?.intValue ?? 0)", "\(perDay)", time("leadTimeSeconds"), failed,
            time("timeToRestoreSeconds"),
        ]
    }
}
